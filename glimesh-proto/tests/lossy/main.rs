//! Any sequence of operations over any link: the invariants of `simulation.rs` hold after each.

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

mod simulation;

use simulation::{Fate, MOST_DELAY_MS, Nature, Operation, Simulation};

/// What is known without the machines: the link, and whether anybody can still speak.
#[derive(Clone, Debug)]
struct Model {
    nature: Nature,
    is_closed: bool,
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Operation;

    fn init_state() -> BoxedStrategy<Self> {
        natures().prop_map(|nature| Self { nature, is_closed: false }).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Operation> {
        if state.is_closed {
            return after_the_end().boxed();
        }
        let ending = || {
            prop_oneof![
                Just(Operation::Cut),
                Just(Operation::ClientCloses),
                Just(Operation::ServerCloses)
            ]
        };
        prop_oneof![
            12 => Just(Operation::Join),
            4 => Just(Operation::Rejoin),
            4 => Just(Operation::Leave),
            8 => Just(Operation::Query),
            12 => Just(Operation::Subscribe),
            8 => any::<u8>().prop_map(Operation::Unsubscribe),
            2 => Just(Operation::Heartbeat),
            12 => any::<u8>().prop_map(Operation::Publish),
            2 => Just(Operation::Crash),
            1 => any::<bool>().prop_map(Operation::Mute),
            2 => texts().prop_map(Operation::ServerSays),
            2 => texts().prop_map(Operation::ClientSays),
            1 => ending(),
            20 => (0..8_000_u32).prop_map(Operation::Wait),
            6 => (0..90_000_u32).prop_map(Operation::Wait),
        ]
        .boxed()
    }

    fn apply(mut state: Self, transition: &Operation) -> Self {
        state.is_closed |= matches!(
            transition,
            Operation::Cut | Operation::ClientCloses | Operation::ServerCloses
        );
        state
    }
}

/// Nothing may stir a closed machine, and a cut link must be noticed.
fn after_the_end() -> impl Strategy<Value = Operation> {
    prop_oneof![
        Just(Operation::Join),
        Just(Operation::Subscribe),
        Just(Operation::Heartbeat),
        any::<u8>().prop_map(Operation::Publish),
        texts().prop_map(Operation::ServerSays),
        texts().prop_map(Operation::ClientSays),
        (0..90_000_u32).prop_map(Operation::Wait),
    ]
}

fn natures() -> impl Strategy<Value = Nature> {
    let delay = 0..MOST_DELAY_MS;
    let faithful = prop::collection::vec(fates(Just(false), delay.clone(), Just(None)), 0..6);
    let doubling = prop::collection::vec(
        fates(Just(false), delay.clone(), prop::option::of(0..20_000_u16)),
        1..12,
    );
    let lossy = prop::collection::vec(
        fates(prop::bool::weighted(0.2), delay, prop::option::of(0..20_000_u16)),
        1..24,
    );
    prop_oneof![
        2 => (faithful, Just(true)),
        1 => (doubling, any::<bool>()),
        2 => (lossy, any::<bool>()),
    ]
    .prop_map(|(fates, keeps_order)| Nature { fates, keeps_order })
}

fn fates(
    is_lost: impl Strategy<Value = bool>,
    delay_ms: impl Strategy<Value = u16>,
    again_after_ms: impl Strategy<Value = Option<u16>>,
) -> impl Strategy<Value = Fate> {
    (is_lost, delay_ms, again_after_ms).prop_map(|(is_lost, delay_ms, again_after_ms)| Fate {
        is_lost,
        delay_ms,
        again_after_ms,
    })
}

/// Frames that hit a state now and then: refs are small numbers.
fn texts() -> impl Strategy<Value = String> {
    const TAILS: [&str; 8] = [
        r#""__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]"#,
        r#""__absinthe__:control","phx_reply",{"response":{"subscriptionId":"__absinthe__:doc:-1:A"},"status":"ok"}]"#,
        r#""__absinthe__:control","phx_reply",{"response":{},"status":"error"}]"#,
        r#""__absinthe__:control","phx_error",{}]"#,
        r#""__absinthe__:control","phx_close",{}]"#,
        r#""__absinthe__:doc:-1:A","subscription:data",{"result":{}}]"#,
        r#""__absinthe__:control","phx_leave",{}]"#,
        r#""phoenix","phx_reply",{"response":{},"status":"ok"}]"#,
    ];
    let reference = prop_oneof![
        Just("null".to_owned()),
        (1..12_u8).prop_map(|number| format!("\"{number}\"")),
    ];
    let frame = (reference.clone(), reference, prop::sample::select(&TAILS[..]))
        .prop_map(|(join_ref, msg_ref, tail)| format!("[{join_ref},{msg_ref},{tail}"));
    prop_oneof![6 => frame, 1 => Just("no frame".to_owned())]
}

struct Machines;

impl StateMachineTest for Machines {
    type SystemUnderTest = Simulation;
    type Reference = Model;

    fn init_test(state: &Model) -> Simulation {
        Simulation::new(state.nature.clone())
    }

    fn apply(mut simulation: Simulation, _: &Model, operation: Operation) -> Simulation {
        simulation.apply(&operation);
        simulation
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn machines_keep_their_promises_over_any_link(sequential 1..60 => Machines);
}
