//! The situation that the arguments describe: queues, clients before and after, rooms.

use std::collections::{BTreeMap, BTreeSet};

use super::{AllocateArgs, AllocateCommandError};
use crate::consume::allocate::{MessageQueue, java_cmp, sorted_queue_positions};

type Problem = AllocateCommandError;

/// More queues than any cluster has; beyond it an argument is a slip of the hand.
const MAX_QUEUES: u32 = 1_000_000;
/// Likewise.
const MAX_CONSUMERS: u32 = 100_000;
/// Likewise.
const MAX_BROKERS: u32 = 10_000;

/// What is to be divided.
#[derive(Clone, Debug)]
pub(super) struct Situation {
    /// Topic of all queues.
    pub topic: String,
    /// Broker name and queue id, in the order in which clients sort them.
    pub queues: Vec<(String, u32)>,
    /// Client ids in the order in which clients sort them; may repeat.
    pub before: Vec<String>,
    /// Client ids after the change.
    pub after: Option<Vec<String>>,
    /// `--rooms`, or else the rooms that the broker names carry.
    pub rooms: Vec<String>,
    /// Room of each broker; a broker without one is missing.
    pub broker_rooms: BTreeMap<String, String>,
    /// Room of each client; empty when there are no rooms.
    pub client_rooms: BTreeMap<String, String>,
    /// Positions of the configured queues in `queues`.
    pub config: Option<Vec<u32>>,
    /// What will surprise.
    pub warnings: Vec<String>,
}

impl Situation {
    pub(super) fn from_args(args: &AllocateArgs) -> Result<Self, Problem> {
        let queues = sorted_queues(&args.topic, brokers(args)?);
        let config = args.config.as_deref().map(|config| configured(config, queues.len())).transpose()?;
        let (before, after) = clients(args)?;
        let broker_rooms = broker_rooms(args, &queues)?;
        let mut rooms = args.rooms.clone();
        if rooms.iter().any(|room| room.trim().is_empty()) {
            return Err(Problem::argument("a room has no name", "write --rooms east,west"));
        }
        if rooms.is_empty() {
            rooms = broker_rooms.values().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        }
        let everybody: Vec<&String> = before.iter().chain(after.iter().flatten()).collect();
        let client_rooms = client_rooms(args, &rooms, &everybody)?;
        let mut warnings = repeated_ids("", &before);
        warnings.extend(after.iter().flat_map(|after| repeated_ids(" after the change", after)));
        if !broker_rooms.is_empty() && !broker_rooms.values().any(|room| rooms.contains(room)) {
            warnings.push(format!("no broker stands in {}", rooms.join(" or ")));
        }
        let topic = args.topic.clone();
        Ok(Self { topic, queues, before, after, rooms, broker_rooms, client_rooms, config, warnings })
    }

    /// The queues as the strategies see them.
    pub(super) fn message_queues(&self) -> Vec<MessageQueue<'_>> {
        queues_of(&self.topic, &self.queues)
    }

    /// Whether queues need their broker's name to be told apart.
    pub(super) fn several_brokers(&self) -> bool {
        self.queues.first().map(|(broker, _)| broker) != self.queues.last().map(|(broker, _)| broker)
    }
}

/// Brokers with their number of queues, in the order of the arguments.
fn brokers(args: &AllocateArgs) -> Result<Vec<(String, u32)>, Problem> {
    let help = "say how many, for example --queues 16, or --brokers broker-a:8,broker-b:8";
    let mut named: Vec<(String, Option<u32>)> = Vec::new();
    match args.brokers.as_deref() {
        None => named = numbered_brokers(args.rooms.len().max(1), &args.rooms),
        Some(text) => match text.trim().parse::<u32>() {
            Ok(count) if (1..=MAX_BROKERS).contains(&count) => named = numbered_brokers(count as usize, &args.rooms),
            Ok(count) => return Err(Problem::argument(format!("{count} brokers"), format!("give 1 to {MAX_BROKERS}"))),
            Err(_) => {
                for part in text.split(',').map(str::trim) {
                    named.push(broker(part)?);
                }
            }
        },
    }
    let mut names = BTreeSet::new();
    if let Some((twice, _)) = named.iter().find(|(name, _)| !names.insert(name.clone())) {
        return Err(Problem::argument(format!("broker {twice} is named twice"), "name each broker once"));
    }
    let stated: u64 = named.iter().filter_map(|(_, count)| *count).map(u64::from).sum();
    let open = named.iter().filter(|(_, count)| count.is_none()).count() as u64;
    let total = match args.queues {
        Some(total) => u64::from(total),
        None if open == 0 => stated,
        None => return Err(Problem::argument("the number of queues is missing", help)),
    };
    if total == 0 {
        return Err(Problem::argument("0 queues: there is nothing to divide", help));
    }
    if total > u64::from(MAX_QUEUES) {
        let help = format!("give 1 to {MAX_QUEUES}, all brokers together");
        return Err(Problem::argument(format!("{total} queues"), help));
    }
    if stated > total || (open == 0 && stated != total) {
        let problem = format!("--queues {total}, but the brokers have {stated}");
        return Err(Problem::argument(
            problem,
            "--queues counts all brokers together; leave it out when each has its own",
        ));
    }
    let (base, mut extra) = match open {
        0 => (0, 0),
        open => ((total - stated) / open, (total - stated) % open),
    };
    let mut share = || {
        let one_more = u64::from(extra > 0);
        extra -= one_more;
        (base + one_more) as u32
    };
    Ok(named.into_iter().map(|(name, count)| (name, count.unwrap_or_else(&mut share))).collect())
}

/// `name` or `name:count`.
fn broker(text: &str) -> Result<(String, Option<u32>), Problem> {
    let (name, count) = match text.rsplit_once(':') {
        None => (text, None),
        Some((name, count)) => {
            let count = count.parse().map_err(|_| {
                Problem::argument(format!("`{count}` of broker {name} is no number of queues"), "write broker-a:8")
            })?;
            (name, Some(count))
        }
    };
    if name.is_empty() {
        return Err(Problem::argument("a broker has no name", "write --brokers broker-a,broker-b or --brokers 2"));
    }
    Ok((name.to_owned(), count))
}

/// `broker-a`, `broker-b` and so on, in turn in each room.
fn numbered_brokers(count: usize, rooms: &[String]) -> Vec<(String, Option<u32>)> {
    let name = |index: usize| {
        let letter = if count <= 26 { char::from(b'a' + index as u8).to_string() } else { format!("{index:04}") };
        match rooms.get(index % rooms.len().max(1)) {
            Some(room) => format!("{room}@broker-{letter}"),
            None => format!("broker-{letter}"),
        }
    };
    (0..count).map(|index| (name(index), None)).collect()
}

fn queues_of<'a>(topic: &'a str, queues: &'a [(String, u32)]) -> Vec<MessageQueue<'a>> {
    queues.iter().map(|(broker, id)| MessageQueue { topic, broker, queue_id: *id as i32 }).collect()
}

fn sorted_queues(topic: &str, brokers: Vec<(String, u32)>) -> Vec<(String, u32)> {
    let each = |(name, count): &(String, u32)| (0..*count).map(|id| (name.clone(), id)).collect::<Vec<_>>();
    let queues: Vec<(String, u32)> = brokers.iter().flat_map(each).collect();
    sorted_queue_positions(&queues_of(topic, &queues))
        .into_iter()
        .map(|position| queues[position as usize].clone())
        .collect()
}

/// Positions from `0-3,7`.
fn configured(text: &str, queues: usize) -> Result<Vec<u32>, Problem> {
    let help = format!("write positions from 0 to {}, like 0-3,7", queues - 1);
    let mut positions = Vec::new();
    for part in text.split(',').map(str::trim) {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let range = from.trim().parse::<u32>().ok().zip(to.trim().parse::<u32>().ok());
        match range.filter(|(from, to)| from <= to && (*to as usize) < queues) {
            Some((from, to)) => positions.extend(from..=to),
            None => return Err(Problem::argument(format!("`{part}` names no queues of the {queues}"), help)),
        }
    }
    Ok(positions)
}

type Clients = (Vec<String>, Option<Vec<String>>);

/// The client ids before and after, sorted as clients sort them.
fn clients(args: &AllocateArgs) -> Result<Clients, Problem> {
    let help = "say how many, for example --consumers 3, or name them: --client-ids c0,c1,c2";
    let given = ids(&args.client_ids)?;
    let count = match args.consumers {
        None if given.is_empty() => return Err(Problem::argument("the number of consumers is missing", help)),
        Some(count) if !given.is_empty() && count as usize != given.len() => {
            let problem = format!("--consumers {count}, but {} client ids", given.len());
            return Err(Problem::argument(problem, "leave --consumers out when the ids are given"));
        }
        Some(count) => consumers(count)?,
        None => given.len(),
    };
    let then = match args.then.as_deref() {
        None => None,
        Some(text) => match text.trim().parse::<u32>() {
            Ok(count) => Some(Ok(consumers(count)?)),
            Err(_) => Some(Err(ids(&text.split(',').map(str::to_owned).collect::<Vec<_>>())?)),
        },
    };
    // One width for all numbers, so that c2 sorts before c10 as people expect.
    let most = then.as_ref().and_then(|then| then.as_ref().ok()).copied().unwrap_or(0).max(count);
    let width = (most - 1).to_string().len();
    let generated = (0..).map(|number| format!("c{number:0width$}")).filter(|id| !given.contains(id));
    let missing = most.saturating_sub(given.len());
    let everybody: Vec<String> = given.iter().cloned().chain(generated.take(missing)).collect();
    let first = |count: usize| sorted(everybody[..count].to_vec());
    let after = then.map(|then| then.map_or_else(sorted, first));
    Ok((first(count), after))
}

fn consumers(count: u32) -> Result<usize, Problem> {
    match count {
        0 => Err(Problem::argument("0 consumers: nobody is there to take the queues", "give at least 1")),
        1..=MAX_CONSUMERS => Ok(count as usize),
        _ => Err(Problem::argument(format!("{count} consumers"), format!("give 1 to {MAX_CONSUMERS}"))),
    }
}

fn ids(given: &[String]) -> Result<Vec<String>, Problem> {
    let ids: Vec<String> = given.iter().map(|id| id.trim().to_owned()).collect();
    if ids.iter().any(String::is_empty) {
        return Err(Problem::argument("a client id is empty", "RocketMQ refuses it; write c0,c1,c2"));
    }
    Ok(ids)
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort_by(|left, right| java_cmp(left, right));
    ids
}

fn repeated_ids(when: &str, sorted: &[String]) -> Vec<String> {
    let pairs = sorted.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].as_str());
    let repeated: BTreeSet<&str> = pairs.collect();
    let warn = |id| {
        format!(
            "client id {id} stands more than once{when}: its holders all take the same queues, and the share of its later \
             entries may go to nobody"
        )
    };
    repeated.into_iter().map(warn).collect()
}

/// `a=x` pairs.
fn pairs(option: &str, texts: &[String]) -> Result<BTreeMap<String, String>, Problem> {
    let pair = |text: &String| match text.split_once('=') {
        Some((name, room)) if !name.is_empty() && !room.is_empty() => Ok((name.to_owned(), room.to_owned())),
        _ => Err(Problem::argument(format!("`{text}` in {option} is no pair"), format!("write {option} name=room"))),
    };
    texts.iter().map(pair).collect()
}

/// Rooms as stated, else from names like `room@broker`.
fn broker_rooms(args: &AllocateArgs, queues: &[(String, u32)]) -> Result<BTreeMap<String, String>, Problem> {
    let stated = pairs("--broker-rooms", &args.broker_rooms)?;
    let brokers: BTreeSet<&str> = queues.iter().map(|(broker, _)| broker.as_str()).collect();
    if let Some(unknown) = stated.keys().find(|broker| !brokers.contains(broker.as_str())) {
        let known: Vec<&str> = brokers.into_iter().collect();
        return Err(Problem::argument(
            format!("--broker-rooms names {unknown}, which has no queues"),
            format!("the brokers are {}", known.join(", ")),
        ));
    }
    let room = |broker: &&str| {
        let room = stated.get(*broker).map(String::as_str).or(broker.split_once('@').map(|(room, _)| room));
        Some(((*broker).to_owned(), room.filter(|room| !room.is_empty())?.to_owned()))
    };
    Ok(brokers.iter().filter_map(room).collect())
}

/// Rooms as stated, else each room in turn.
fn client_rooms(
    args: &AllocateArgs,
    rooms: &[String],
    everybody: &[&String],
) -> Result<BTreeMap<String, String>, Problem> {
    let mut client_rooms = pairs("--client-rooms", &args.client_rooms)?;
    if let Some(unknown) = client_rooms.keys().find(|client| !everybody.contains(client)) {
        return Err(Problem::argument(
            format!("--client-rooms names {unknown}, which is no consumer"),
            "name consumers like c0, or those of --client-ids and --then",
        ));
    }
    for client in everybody {
        if !rooms.is_empty() && !client_rooms.contains_key(*client) {
            let room = rooms[client_rooms.len() % rooms.len()].clone();
            client_rooms.insert((*client).clone(), room);
        }
    }
    Ok(client_rooms)
}
