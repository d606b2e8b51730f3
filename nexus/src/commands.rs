//! Every subcommand. A new one: a file with `Args` and `run`, its line in `mod`, its line in the list.

mod completions;
mod ledgers;

macro_rules! commands {
    ($($file:ident => $Name:ident,)*) => {
        // The help of each is the comment on its `Args`.
        #[derive(clap::Subcommand)]
        pub enum Command {
            $($Name($file::Args),)*
        }

        impl Command {
            pub async fn run(self) -> anyhow::Result<()> {
                match self {
                    $(Self::$Name(args) => Box::pin($file::run(args)).await,)*
                }
            }
        }
    };
}

commands! {
    ledgers => Ledgers,
    completions => Completions,
}
