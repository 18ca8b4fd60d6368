//! Doses and records: what is given, when, and what that means. All event rules live here, once.
//!
//! | part | what it holds |
//! | --- | --- |
//! | [`record`] | one row in the NONMEM sense, as types that cannot hold nonsense |
//! | [`dataset`] | a NONMEM-style file read into records, with every column kept |
//! | [`timeline`] | the records of one subject resolved into what happens when: the event rules |
//! | [`regimen`] | a dosing plan in words: "45 mg ER every 24 h for 12 weeks" |
//!
//! The room knows compartments by number and formulations by name, nothing of models.

pub mod dataset;
pub mod record;
pub mod regimen;
pub mod timeline;
