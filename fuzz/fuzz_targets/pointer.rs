//! Any bytes as `live.json`: it is refused, or it is written back as it was read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use matinee_model::live_pointer::{KEPT, LivePointer, Published};

fuzz_target!(|bytes: &[u8]| {
    let Ok(pointer) = LivePointer::parse(bytes) else { return };
    assert_eq!(LivePointer::parse(pointer.to_json().as_bytes()).expect("what was written"), pointer);
    let next = Published { version: "next".to_owned(), ..pointer.live.clone() };
    let moved = LivePointer::after(Some(pointer), next.clone());
    assert!(moved.live == next && moved.previous.len() <= KEPT);
    assert!(moved.previous.iter().all(|model| model.version != next.version));
    assert!(moved.refused.iter().all(|model| model.version != next.version));
});
