//! The gateway port on Midtrans.
