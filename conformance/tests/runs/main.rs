//! The kit as its users run it: real processes, real sockets, real waits. One program, so that the waits of one test
//! pass beside the work of another.

// The longest of all, and the tests begin in the order of their names.
mod catalogue;
mod driver_check;
mod hostile_clients;
mod interrupted;
mod live;
mod own_scenario;
mod proxy_and_replay;
mod reference_client;
mod secrets;
mod server;
mod tls;
mod working;
