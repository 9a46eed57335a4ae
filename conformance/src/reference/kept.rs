//! What leaky mutants keep of each connection.

use tokio::io::AsyncWriteExt as _;

use super::dial::Socket;
use super::{Manner, Mutant};

/// How much memory is kept of each connection: a few such leaks are seen beside what any program sets aside.
const BUFFER: usize = 4 << 20;

/// Grows with each connection, for as long as the program runs.
#[derive(Default)]
pub(super) struct Kept {
    sockets: Vec<Socket>,
    buffers: Vec<Vec<u8>>,
}

impl Kept {
    /// Takes a connection that has ended; whoever has no such defect keeps nothing of it.
    pub(super) async fn keep(&mut self, manner: Manner, mut socket: Socket) {
        match manner {
            Manner::Broken(Mutant::KeepsSockets) => {
                // On the wire it ends as it should; only its descriptor is never given back.
                let _ = socket.get_mut().shutdown().await;
                self.sockets.push(socket);
            }
            // Memory that nothing was written to is not there yet.
            Manner::Broken(Mutant::KeepsBuffers) => self.buffers.push(vec![1; BUFFER]),
            _ => {}
        }
    }
}
