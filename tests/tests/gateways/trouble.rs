//! What goes wrong, in the words of the simulator.

use bayar_sandbox::sim::Fault;
use bayar_testkit::contract::gateway::Trouble;

pub fn fault(trouble: Trouble) -> Fault {
    match trouble {
        Trouble::SilenceBefore => Fault::TimeoutBefore,
        Trouble::SilenceAfter => Fault::TimeoutAfter,
        Trouble::ResetAfter => Fault::ResetAfter,
        Trouble::CutOff => Fault::CutOff,
        Trouble::ErrorAfter => Fault::Error500After,
        Trouble::Page => Fault::Error503Html { applied: false },
        Trouble::TooMany => Fault::RateLimited {
            lock_timeout: false,
        },
    }
}
