//! What every gateway must do, done by our adapters against the simulator.

mod clock;
mod midtrans;
mod stripe;
