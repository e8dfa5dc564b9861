//! What the gateways' own packages make of our signatures and of the simulator.

mod signatures;
