//! What a timeline has the kit do with the client's processes: stop them, wake them, measure them.

use glimesh_mock::MockServer;
use glimesh_mock::scenario::Step;
use glimesh_mock::transcript::{ProcessEvent, What};
use tokio::task::spawn_blocking;

use crate::check::STOPPED;
use crate::client::{Gauge, Held, Sleeper};
use crate::plan::Plan;

/// Whether the server's timeline has the client's processes stopped.
pub(crate) fn puts_to_sleep(plan: &Plan, server: &MockServer) -> bool {
    has_step(plan, server, &[Step::Freeze])
}

/// Whether the server's timeline has anything done with the client's processes.
pub(crate) fn concerns_processes(plan: &Plan, server: &MockServer) -> bool {
    has_step(plan, server, &[Step::Freeze, Step::Measure])
}

fn has_step(plan: &Plan, server: &MockServer, steps: &[Step]) -> bool {
    let scenario = plan.scenario(server.scenario());
    scenario.is_ok_and(|it| it.timeline.iter().any(|step| steps.contains(step)))
}

/// Does as the timeline says, whenever it reaches such a step. Does not return.
pub(crate) async fn carry_out(server: &MockServer, sleeper: Option<Sleeper>, gauge: Option<Gauge>) {
    let (mut entries, mut length) = (0, server.watch());
    loop {
        let new = server.entries_from(entries);
        entries += new.len();
        for entry in new {
            let What::Mark { name } = entry.what else { continue };
            match (name.as_str(), sleeper, gauge) {
                ("step:freeze", Some(sleeper), _) => {
                    sleeper.sleep();
                    let text = "the client's processes were stopped".to_owned();
                    server.append(What::Note { code: STOPPED.to_owned(), text });
                }
                ("step:thaw", Some(sleeper), _) => sleeper.wake(),
                ("step:measure", _, Some(gauge)) => measure(server, gauge).await,
                _ => {}
            }
        }
        // An error means that the server is gone, and then nothing is told any more.
        if length.wait_for(|length| *length > entries).await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// Writes down what the processes hold, if they may be looked into.
async fn measure(server: &MockServer, gauge: Gauge) {
    // Files that are no files on a disk, but there may be many, and other sessions are timed meanwhile.
    let held = spawn_blocking(move || gauge.read()).await.ok().flatten();
    if let Some(Held { processes, descriptors, memory_kib }) = held {
        let event = ProcessEvent::Measured { processes, descriptors, memory_kib };
        server.append(What::Process { event });
    }
}
