pub mod caption;
pub mod error;
pub mod clip;
pub mod head;
pub mod nn;
pub mod preprocess;
pub mod scan;
pub mod tokenizer;
pub mod train { pub mod adamw; pub mod augment; pub mod init; pub mod loss; pub mod schedule; pub mod vocab; pub mod lesion_box;
pub mod config; pub mod dataset; pub mod octdl; pub mod oct5k; pub mod run; pub mod samples; pub mod split; pub mod fit; pub mod evaluate; pub mod progress; pub mod cli; pub mod phantom; }
