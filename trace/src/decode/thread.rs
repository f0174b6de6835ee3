//! What one thread told, taken apart.

use std::collections::HashMap;
use std::mem;

use crate::recorder::Told;
use crate::slot::{Kind, Slot, slots_of_text};
use crate::state::Stage;

/// A slot, and what belongs to it.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) slot: Slot,
    pub(super) thread: u32,
    /// What follows it: a mark's message, what a source is, a spawned task's name.
    pub(super) text: Option<String>,
    /// Of a spawned task's future, if that lies in a box.
    pub(super) boxed: Option<u64>,
    /// Of a wake-up: for how many events, and whether they were of the reactor.
    pub(super) woken_by: Option<(usize, bool)>,
    /// So many slots are missing before it.
    pub(super) lost: u64,
}

impl Item {
    /// The task that it is about, and how that must have stood, if nothing was known of it before.
    pub(super) fn first_sight(&self) -> Option<(u64, Stage)> {
        let stage = match self.slot.kind {
            Kind::PollStart => Stage::Queued,
            Kind::PollEnd | Kind::TaskEnd => Stage::Running,
            Kind::Enqueue | Kind::WakerClone | Kind::WakerDrop | Kind::Abort => Stage::Idle,
            Kind::Steal => Stage::Queued,
            // Scheduled, rescheduled, coalesced.
            Kind::Wake => *[Stage::Idle, Stage::Running, Stage::Queued].get(self.slot.code() as usize)?,
            _ => return None,
        };
        Some((self.slot.a, stage))
    }
}

/// What each thread told that is not handed on yet.
pub(super) struct Threads {
    threads: HashMap<u32, Thread>,
    /// Times count from here.
    began: u64,
}

#[derive(Default)]
struct Thread {
    /// Since the thread fell asleep: what it told before it said that it had woken up.
    asleep: Option<Vec<Item>>,
    /// In order.
    ready: Vec<Item>,
    /// Where a future was put into a box whose spawn is to come, and its size.
    boxed: Option<(u64, u64)>,
}

impl Threads {
    pub(super) fn new(began: u64) -> Self {
        Self {
            threads: HashMap::new(),
            began,
        }
    }

    /// The time of the first thing that was told.
    pub(super) fn first_of(&self, told: &Told) -> Option<u64> {
        let [at, ..] = told.slots.first()?;
        Some(at.saturating_sub(self.began))
    }

    /// All that was told up to a time, in one order. What is younger comes with the next call.
    pub(super) fn items(&mut self, told: &[Told], until: u64) -> Vec<Item> {
        for told in told {
            let thread = self.threads.entry(told.thread).or_default();
            thread.take(told, self.began);
            // As far as this goes it does not wake up any more.
            thread.ready.extend(thread.asleep.take().into_iter().flatten());
        }
        self.items_until(&[], until)
    }

    /// What was told up to a time, in one order; the rest comes with the next call.
    pub(super) fn items_until(&mut self, told: &[Told], until: u64) -> Vec<Item> {
        for told in told {
            self.threads
                .entry(told.thread)
                .or_default()
                .take(told, self.began);
        }
        let mut items = Vec::new();
        for thread in self.threads.values_mut() {
            let due = thread.ready.partition_point(|item| item.slot.at <= until);
            items.extend(thread.ready.drain(..due));
        }
        // What a thread told stays in its order: the sort is stable.
        items.sort_by_key(|item| (item.slot.at, item.thread));
        items
    }
}

impl Thread {
    fn take(&mut self, told: &Told, began: u64) {
        let slots = told.slots.iter().filter_map(|words| Slot::unpack(*words));
        let slots: Vec<Slot> = slots
            .map(|slot| Slot {
                at: slot.at.saturating_sub(began),
                ..slot
            })
            .collect();
        let mut lost = told.lost;
        let mut rest = slots.as_slice();
        while let [slot, behind @ ..] = rest {
            rest = behind;
            match slot.kind {
                // Its event is among what is lost.
                Kind::Text => continue,
                Kind::Boxed => {
                    self.boxed = Some((slot.a, slot.b));
                    continue;
                }
                _ => {}
            }
            let text = match slot.kind {
                Kind::IoRegister | Kind::Mark => Some(text_of(slot.code(), behind)),
                Kind::Spawn if slot.second_code() > 0 => Some(text_of(slot.second_code(), behind)),
                _ => None,
            };
            let boxed = self.boxed_for(*slot);
            self.push(Item {
                slot: *slot,
                thread: told.thread,
                text,
                boxed,
                woken_by: None,
                lost: mem::take(&mut lost),
            });
        }
    }

    /// The size of the future that was put into a box for that spawn.
    fn boxed_for(&mut self, slot: Slot) -> Option<u64> {
        let is_it = |boxed: &mut (u64, u64)| slot.kind == Kind::Spawn && boxed.0 == slot.b >> 48;
        self.boxed.take_if(is_it).map(|(_, size)| size)
    }

    fn push(&mut self, mut item: Item) {
        match (item.slot.kind, self.asleep.take()) {
            (Kind::Park, asleep) => {
                self.ready.extend(asleep.into_iter().flatten());
                self.ready.push(item);
                self.asleep = Some(Vec::new());
            }
            (Kind::Unpark, Some(told)) => {
                let count = |kind| told.iter().filter(|item| item.slot.kind == kind).count();
                let (io, timers) = (count(Kind::IoReady), count(Kind::TimerFire));
                item.woken_by = match (io, timers) {
                    (0, 0) => None,
                    (0, timers) => Some((timers, false)),
                    (io, _) => Some((io, true)),
                };
                // It woke up for that, so before it.
                let first = told.first().map_or(item.slot.at, |first| first.slot.at);
                item.slot.at = item.slot.at.min(first);
                self.ready.push(item);
                self.ready.extend(told);
            }
            (_, Some(mut asleep)) => {
                asleep.push(item);
                self.asleep = Some(asleep);
            }
            (_, None) => self.ready.push(item),
        }
    }
}

/// The text of that length that begins there.
fn text_of(length: u64, behind: &[Slot]) -> String {
    let length = length as usize;
    let slots = behind.iter().take(slots_of_text(length)).copied();
    Slot::text(length, slots.take_while(|slot| slot.kind == Kind::Text))
}
