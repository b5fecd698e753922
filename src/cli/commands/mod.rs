//! One file for each thing that can be asked.

pub mod audit;
pub mod capabilities;
pub mod config;
pub mod connect;
pub mod connect_import;
pub mod disconnect;
pub mod events;
pub mod explain;
pub mod failed;
pub mod failed_list;
pub mod invoices;
pub mod jobs;
pub mod mappings;
pub mod operation;
pub mod opt_out;
pub mod put;
pub mod resolve;
pub mod settings;
pub mod sheet;
pub mod status;
pub mod sync;
pub mod tenants;
pub mod variances;
pub mod watermarks;
pub mod what_syncs;
