//! The gateway port on Stripe.
