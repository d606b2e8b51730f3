//! Every subcommand. A new one: a file with `Args` and `run`, its line in `mod`, its line in the list.

mod accounts;
mod analytics;
mod api;
mod audit;
mod balance;
mod budget;
mod completions;
mod demo;
mod doctor;
mod down;
mod events;
mod export;
mod import;
mod keys;
mod ledgers;
mod open;
mod post;
mod projector;
mod rate;
mod replay;
mod report;
mod reverse;
mod search;
mod statement;
mod up;
mod views;

macro_rules! commands {
    ($($file:ident => $Name:ident,)*) => {
        // The help of each is the comment on its `Args`.
        #[derive(clap::Subcommand)]
        #[allow(clippy::large_enum_variant, reason = "there is one, made once")]
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
    up => Up,
    down => Down,
    demo => Demo,
    ledgers => Ledgers,
    open => Open,
    accounts => Accounts,
    balance => Balance,
    search => Search,
    post => Post,
    reverse => Reverse,
    rate => Rate,
    budget => Budget,
    analytics => Analytics,
    statement => Statement,
    report => Report,
    events => Events,
    audit => Audit,
    keys => Keys,
    replay => Replay,
    import => Import,
    export => Export,
    views => Views,
    projector => Projector,
    doctor => Doctor,
    api => Api,
    completions => Completions,
}
