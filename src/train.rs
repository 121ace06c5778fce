pub mod adamw; pub mod augment; pub mod init; pub mod loss; pub mod schedule; pub mod vocab; pub mod lesion_box;
pub mod config; pub mod dataset; pub mod octdl; pub mod oct5k; pub mod run; pub mod samples; pub mod split; pub mod fit; pub mod evaluate; pub mod progress; pub mod cli; pub mod phantom;
