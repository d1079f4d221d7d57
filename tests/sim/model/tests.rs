//! The model itself, in a few sequences that can be followed by hand.
