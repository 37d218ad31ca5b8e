use super::super::checkpoint::Checkpoint;
use super::super::fixture::{config, store};
use super::super::memory::MemoryFiles;
use super::super::writer::Ending;
use super::*;

fn opened(files: &MemoryFiles) -> Recovered {
    open_store(files, &config()).unwrap().expect("all files have their length")
}

fn bounds(store: &Recovered) -> (i64, i64, Vec<(i32, i64, i64)>) {
    let queues = store.queues().map(|queue| (queue.queue_id, queue.min_offset, queue.max_offset));
    (store.log_min_offset(), store.log_max_offset(), queues.collect())
}

#[test]
fn a_store_is_opened_as_it_was_left() {
    for killed in [false, true] {
        let store = opened(&store(Ending { killed, checkpoint: None }));
        assert_eq!(store.last_exit_ok, !killed);
        assert_eq!(bounds(&store), (0, 3392, vec![(0, 0, 10), (1, 0, 10)]));
        assert_eq!(
            store.next_put("T", 0, 100),
            NextPut { physical_offset: 3392, queue_offset: 10, max_offset_after: 11 }
        );
        assert_eq!(store.next_put("T", 0, 700).physical_offset, 4096, "it does not fit any more");
        assert_eq!(store.next_put("U", 3, 100).queue_offset, 0);
    }
}

#[test]
fn queues_are_made_again_from_what_is_left_of_the_log() {
    let left = |checkpoint| {
        let mut files = store(Ending { killed: true, checkpoint });
        files.0.retain(|path, _| !path.starts_with("consumequeue") && path != "commitlog/00000000000000000000");
        bounds(&opened(&files))
    };
    assert_eq!(left(Some(Checkpoint::default())), (1024, 3392, vec![(0, 3, 10), (1, 3, 10)]));
    let late = left(None);
    assert_eq!(late, (1024, 3392, vec![(0, 6, 10), (1, 6, 10)]), "the checkpoint says that older ones are safe");
}

#[test]
fn the_minimum_is_found_behind_expired_records() {
    let mut files = store(Ending::default());
    files.0.remove("commitlog/00000000000000000000");
    assert_eq!(bounds(&opened(&files)).2, [(0, 0, 10), (1, 0, 10)], "not in the first file: it stays");
    files.0.remove("consumequeue/T/0/00000000000000000000");
    files.0.remove("consumequeue/T/1/00000000000000000000");
    assert_eq!(bounds(&opened(&files)).2, [(0, 3, 10), (1, 3, 10)]);
}

#[test]
fn without_a_log_queues_are_dropped_and_without_queues_made_again() {
    let mut files = store(Ending::default());
    let mut without_queues = files.clone();
    without_queues.0.retain(|path, _| !path.starts_with("consumequeue"));
    assert_eq!(bounds(&opened(&without_queues)), (0, 3392, vec![(0, 0, 10), (1, 0, 10)]));
    files.0.retain(|path, _| !path.starts_with("commitlog"));
    assert_eq!(bounds(&opened(&files)), (-1, 0, vec![]));
}

#[test]
fn a_file_of_another_length_or_name_refuses_the_start() {
    let sound = store(Ending::default());
    for path in ["commitlog/00000000000000001024", "consumequeue/T/0/00000000000000000060"] {
        let mut files = sound.clone();
        files.0.get_mut(path).unwrap().pop();
        assert!(open_store(&files, &config()).unwrap().is_none(), "{path}");
    }
    let mut files = sound;
    files.0.insert("commitlog/.nfs0001".to_owned(), vec![0; 1024]);
    assert!(open_store(&files, &config()).unwrap().is_none());
}

#[test]
fn after_a_kill_index_files_beyond_the_checkpoint_are_made_again() {
    let full = Checkpoint { index_msg_timestamp: i64::MAX, ..Checkpoint::default() };
    let all = opened(&store(Ending { killed: true, checkpoint: Some(full) }));
    let none = opened(&store(Ending { killed: true, checkpoint: Some(Checkpoint::default()) }));
    assert_eq!(all.index_headers().len(), none.index_headers().len());
    let offsets = |store: &Recovered| {
        store
            .index_headers()
            .iter()
            .map(|file| (file.begin_physical_offset, file.end_physical_offset))
            .collect::<Vec<_>>()
    };
    assert_eq!(offsets(&none), [(0, 480), (480, 1024), (1184, 1664), (1664, 2208), (2368, 2848), (2848, 3232)]);
}
