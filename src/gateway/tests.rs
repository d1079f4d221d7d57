//! The machine as its clients see it: datagrams in, datagrams out, at times made by hand.
