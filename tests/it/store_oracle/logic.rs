//! Kinds that need no store: delay levels and returned messages.

use rocketmq_sim::store::delay::{DelayLevels, level_of_queue_id, queue_id_of_level};
use rocketmq_sim::store::send_back::{
    self, SendBackBroker, SendBackDecision, SendBackGroup, SendBackMessage, SendBackRequest, SendBackTarget,
};
use serde_json::{Map, Value, json};

fn int(case: &Value, key: &str) -> i32 {
    case[key].as_i64().unwrap() as i32
}

/// What the crate says to a line, in the line's own fields.
pub(super) fn answer(case: &Value) -> Option<Value> {
    let text = |key: &str| case[key].as_str().unwrap();
    match text("kind") {
        "delay_levels" => Some(delay_levels(&DelayLevels::parse(text("text")))),
        "deliver_timestamp" => {
            let levels = DelayLevels::parse(text("levels"));
            let stored = case["store_timestamp"].as_i64().unwrap();
            Some(json!({"deliver_timestamp": levels.deliver_timestamp(int(case, "level"), stored)}))
        }
        "delay_queue" => Some(json!({
            "queue_id": queue_id_of_level(int(case, "level")),
            "back": level_of_queue_id(int(case, "queue_id")),
        })),
        "send_back" => Some(send_back(case)),
        _ => None,
    }
}

fn delay_levels(levels: &DelayLevels) -> Value {
    let numbered = levels.table().iter().enumerate().map(|(index, &millis)| ((index + 1).to_string(), json!(millis)));
    json!({
        "ok": levels.is_well_formed(),
        "max_level": levels.max_level(),
        "table": numbered.collect::<Map<String, Value>>(),
    })
}

/// The message is the business message itself, or a retry of it that remembers its topic.
fn send_back(case: &Value) -> Value {
    let levels = DelayLevels::parse(case["levels"].as_str().unwrap());
    let broker = SendBackBroker { writable: true, retry_topic_writable: true, levels: &levels };
    let group = SendBackGroup {
        name: case["group"].as_str().unwrap(),
        retry_max_times: int(case, "group_retry_max_times"),
        retry_queue_nums: int(case, "group_retry_queue_nums"),
    };
    let topic = case["message_topic"].as_str().unwrap();
    let reconsume_times = int(case, "message_reconsume_times");
    let retried = topic.starts_with("%RETRY%");
    let message = SendBackMessage {
        topic,
        reconsume_times,
        retry_topic: retried.then_some("Biz"),
        origin_message_id: retried.then_some("first"),
    };
    let request = SendBackRequest {
        delay_level: int(case, "request_delay_level"),
        max_reconsume_times: case["request_max_reconsume_times"].as_i64().map(|times| times as i32),
    };
    let record = match send_back::decide(&broker, Some(&group), Some(&message), &request) {
        SendBackDecision::Store(record) => record,
        SendBackDecision::Dropped => return json!({"code": 0, "stored": null}),
        SendBackDecision::Refused(code) => return json!({"code": code.number(), "stored": null}),
    };
    let properties = record.properties(&message, "first", 0);
    let property = |name: &str| properties.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str());
    let (topic, queue_id) = record.topic_and_queue(0);
    let mut stored = json!({
        "topic": topic,
        "queue_id": queue_id,
        "reconsume_times": record.reconsume_times,
        "real_topic": property("REAL_TOPIC"),
        "delay_property": property("DELAY"),
        "retry_topic": property("RETRY_TOPIC"),
        "origin_message_id_is_first_id": property("ORIGIN_MESSAGE_ID") == Some("first"),
    });
    if let SendBackTarget::Retry { level: Some(level) } = record.target {
        stored["delay_ms"] = json!(levels.delay_millis(level));
    }
    json!({"code": 0, "stored": stored})
}
