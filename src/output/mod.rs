//! Result files: tables, columns with units, the manifest, and the folder that holds them.
//!
//! Everything goes through an [`OutFolder`]: it refuses a folder that holds something already, writes under temporary
//! names, and gives files their real names only when all of them are complete. The bytes of a file depend on the
//! results alone: not on threads, batch sizes, dates or paths.

mod blocks;
mod columns;
mod csv_rows;
mod dictionary;
mod error;
mod folder;
mod json;
mod manifest;
mod numbers;
mod parquet;
mod plain;
mod rows_compared;
mod rows_read;
mod summary;
mod validation;

pub use blocks::{BlockFolder, Identity};
pub use columns::{Column, ColumnKind, Values};
pub use csv_rows::CsvRows;
pub use dictionary::dictionary;
pub use error::OutputError;
pub use folder::{OutFile, OutFolder, WrittenFile, complete};
pub use json::{read_results, results_json};
pub use manifest::manifest;
pub use numbers::{read_numbers, write_draws};
pub use parquet::ParquetRows;
pub use plain::exact;
pub use rows_compared::{ColumnCompared, RowsCompared, compare_rows};
pub use rows_read::{Cell, Rows};
pub use summary::{summary_columns, write_scenarios, write_summary};
pub use validation::write_validation;
