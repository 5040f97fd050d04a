//! Splits JSON into raw record slices without parsing them.
