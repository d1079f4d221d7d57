//! Packets for tests: generated ones, and a writer for bad ones.
