//! Regular dosing of a block of subjects.
