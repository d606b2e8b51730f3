//! One build's task: it builds up, is compared, takes its place, and follows the log.

use std::{sync::Arc, time::Duration};

use deadpool_postgres::{ClientWrapper, Object, Pool};
use event_schemas::Sequence;
use event_store::Log;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    PAUSE,
    ahead::{Ahead, Piece, Wants},
    pace::Pace,
};
use crate::{
    ViewError,
    builds::{self, Build, State, Status},
    checksum::sums,
    error::Doing,
    feed::LogFeed,
    view::{Poison, Stranger, View},
};

/// Records folded in one transaction, and as many read ahead.
const BATCH_RECORDS_MAX: usize = 16_384;
/// How long to wait for records before looking whether something else is to be done.
const PATIENCE: Duration = Duration::from_millis(500);
/// A build has caught up when it reached the log's end of just before, and had no more than this to read for it.
const ROUND_MAX: u64 = 1_000;
/// How long the live build may take to come to where a build is that is to be compared with it.
const LIVE_COMES_WITHIN: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Advisory locks of this class say "I move this build". "NXVW" in ASCII.
const LOCK_CLASS: i32 = 0x4E_58_56_57;

pub struct Task {
    view: Box<dyn View>,
    build: Build,
    pool: Pool,
    log: Arc<dyn Log>,
    stop: CancellationToken,
    /// Ours alone: when it closes, and not before, the lock on the build is free.
    client: Option<ClientWrapper>,
}

enum Ended {
    /// The build is retired or gone, or we are told to stop.
    Over,
    /// Another projector has it, it is halted, or its time has not come.
    Waits,
}

enum Compared {
    Equal,
    /// There is no other build that it could be held against.
    Alone,
    Differs,
    /// The other one does not come to where this one is.
    NotNow,
}

/// A build on its way through the log.
struct Walk<'a> {
    client: &'a mut ClientWrapper,
    ahead: Ahead,
    at: Sequence,
    pace: Pace,
    /// The tables have all their indexes.
    is_indexed: bool,
}

impl Task {
    pub fn new(
        view: Box<dyn View>,
        build: Build,
        pool: Pool,
        log: Arc<dyn Log>,
        stop: CancellationToken,
    ) -> Task {
        Task { view, build, pool, log, stop, client: None }
    }

    pub async fn run(mut self) {
        while !self.stop.is_cancelled() {
            match self.try_work().await {
                Ok(Ended::Over) => break,
                // It has said so when it halted.
                Ok(Ended::Waits) | Err(ViewError::Poison(_) | ViewError::Overtaken) => {}
                Err(error) => {
                    let (view, build) = (&*self.build.name, self.build.build);
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(view, build, error, "a view stumbled: trying again");
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// On a connection that is kept as long as all goes well.
    async fn try_work(&mut self) -> Result<Ended, ViewError> {
        let mut client = match self.client.take() {
            Some(client) if !client.is_closed() => client,
            _ => self.connect().await?,
        };
        let ended = self.work(&mut client).await?;
        self.client = Some(client);
        Ok(ended)
    }

    async fn connect(&self) -> Result<ClientWrapper, ViewError> {
        let client = Object::take(self.pool.get().await?);
        let session =
            format!("SET search_path TO {}, public; SET synchronous_commit = off", self.build.schema());
        client.batch_execute(&session).await.doing("begin a projector's session")?;
        Ok(client)
    }

    /// Until there is something to wait for, or nothing more to do.
    async fn work(&mut self, client: &mut ClientWrapper) -> Result<Ended, ViewError> {
        self.view.forget();
        let lock = "SELECT pg_try_advisory_lock($1, hashtext($2))";
        let is_ours: bool =
            client.query_one(lock, &[&LOCK_CLASS, &self.build.schema()]).await.doing("lock a view")?.get(0);
        if !is_ours {
            return Ok(Ended::Waits);
        }
        let Some(status) = builds::status_of(&**client, &self.build).await? else { return Ok(Ended::Over) };
        match status {
            Status { state: State::Retired | State::Differs, .. } => return Ok(Ended::Over),
            Status { halted: Some(_), .. } => return Ok(Ended::Waits),
            _ => {}
        }
        let at = status.position;
        let feed = Box::new(LogFeed(Arc::clone(&self.log)));
        let ahead = Ahead::start(feed, Wants::of(&*self.view), at, BATCH_RECORDS_MAX);
        let is_indexed = status.is_indexed || status.state == State::Live;
        let mut walk = Walk { client, ahead, at, pace: Pace::from(at), is_indexed };
        if status.state == State::Building
            && let Some(ended) = self.build_up(&mut walk).await?
        {
            return Ok(ended);
        }
        self.follow(&mut walk).await
    }

    /// Folds what comes, until another build takes its place.
    async fn follow(&mut self, walk: &mut Walk<'_>) -> Result<Ended, ViewError> {
        while !self.stop.is_cancelled() {
            match walk.ahead.next(None, PATIENCE).await? {
                Some(piece) => self.fold(walk, piece).await?,
                None => {
                    let state = builds::status_of(&**walk.client, &self.build).await?.map(|s| s.state);
                    if state != Some(State::Live) {
                        return Ok(Ended::Over);
                    }
                }
            }
        }
        Ok(Ended::Over)
    }

    /// Reads all there is and makes the build the live one. `None`: it is.
    async fn build_up(&mut self, walk: &mut Walk<'_>) -> Result<Option<Ended>, ViewError> {
        if walk.at > Sequence::GENESIS {
            // What another process had in memory is to be looked up in the tables.
            self.make_indexes(walk).await?;
        }
        if !self.catch_up(walk).await? {
            return Ok(Some(Ended::Over));
        }
        self.make_indexes(walk).await?;
        if !self.catch_up(walk).await? {
            return Ok(Some(Ended::Over));
        }
        let compared = self.compare(walk).await;
        builds::doing(&**walk.client, &self.build, None).await?;
        match compared? {
            Compared::Equal | Compared::Alone => {}
            Compared::Differs => return Ok(Some(Ended::Over)),
            Compared::NotNow => return Ok(Some(Ended::Waits)),
        }
        if !self.take_place(walk).await? {
            return Ok(Some(Ended::Over));
        }
        let (view, build, position) = (&*self.build.name, self.build.build, walk.at.0);
        tracing::info!(view, build, position, "a view is live");
        Ok(None)
    }

    /// Unless they are made.
    async fn make_indexes(&self, walk: &mut Walk<'_>) -> Result<(), ViewError> {
        if !walk.is_indexed {
            builds::doing(&**walk.client, &self.build, Some("making indexes")).await?;
            builds::make_indexes(walk.client, &*self.view, &self.build).await?;
            builds::doing(&**walk.client, &self.build, None).await?;
            walk.is_indexed = true;
        }
        Ok(())
    }

    /// Folds until it has read all that the log held a moment ago. False: told to stop.
    async fn catch_up(&mut self, walk: &mut Walk<'_>) -> Result<bool, ViewError> {
        loop {
            let goal = self.log.head().await?.last;
            let round = goal.0.saturating_sub(walk.at.0);
            if !self.fold_until(walk, goal).await? {
                return Ok(false);
            }
            // What came meanwhile came in the time of so few.
            if round <= ROUND_MAX {
                return Ok(true);
            }
        }
    }

    /// False: told to stop.
    async fn fold_until(&mut self, walk: &mut Walk<'_>, goal: Sequence) -> Result<bool, ViewError> {
        while walk.at < goal {
            if self.stop.is_cancelled() {
                return Ok(false);
            }
            if let Some(piece) = walk.ahead.next(Some(goal), PATIENCE).await? {
                self.fold(walk, piece).await?;
            }
        }
        Ok(true)
    }

    async fn live_one(&self, client: &tokio_postgres::Client) -> Result<Option<Status>, ViewError> {
        let others = builds::statuses(client, self.build.shard).await?;
        Ok(others.into_iter().find(|other| {
            other.state == State::Live
                && other.build.name == self.build.name
                && other.build.version == self.build.version
        }))
    }

    /// Goes on to where the live build stands and holds all tables against its.
    async fn compare(&mut self, walk: &mut Walk<'_>) -> Result<Compared, ViewError> {
        let doing = "compare two builds of a view";
        let Some(live) = self.live_one(walk.client).await? else { return Ok(Compared::Alone) };
        builds::doing(&**walk.client, &self.build, Some("comparing")).await?;
        let mut reader = self.pool.get().await?;
        let deadline = Instant::now() + LIVE_COMES_WITHIN;
        loop {
            // Holds the live build's tables still for one reader, while it goes on.
            let still = reader
                .build_transaction()
                .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
                .read_only(true)
                .start()
                .await
                .doing(doing)?;
            let there = match builds::status_of(&*still, &live.build).await? {
                Some(there) if there.state == State::Live => there,
                _ => return Ok(Compared::NotNow),
            };
            if there.position >= walk.at {
                if !self.fold_until(walk, there.position).await? {
                    return Ok(Compared::NotNow);
                }
                let theirs = sums(&*still, &live.build.schema()).await?;
                let ours = sums(&**walk.client, &self.build.schema()).await?;
                let (view, at, is_equal) = (&*self.build.name, walk.at.0, theirs == ours);
                builds::mark_compared(&**walk.client, &self.build, walk.at, is_equal).await?;
                if !is_equal {
                    tracing::error!(view, at, ?theirs, ?ours, "two builds of a view differ");
                    return Ok(Compared::Differs);
                }
                return Ok(Compared::Equal);
            }
            if let Some((at, _)) = there.halted {
                let view = &*self.build.name;
                tracing::warn!(
                    view,
                    at = at.0,
                    "the live build has halted and this one has not: not compared"
                );
                return Ok(Compared::Alone);
            }
            drop(still);
            if self.stop.is_cancelled() || Instant::now() > deadline {
                return Ok(Compared::NotNow);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Makes it the one that is asked, at once for all readers, and no earlier in the log than the one before it: what was
    /// seen once stays seen. False: told to stop.
    async fn take_place(&mut self, walk: &mut Walk<'_>) -> Result<bool, ViewError> {
        let doing = "swap a view's builds";
        if !self.catch_up(walk).await? {
            return Ok(false);
        }
        let mut other = self.pool.get().await?;
        let swap = other.transaction().await.doing(doing)?;
        // The live build's next batch waits for us, and then finds itself retired.
        if let Some(there) = builds::hold_live(&*swap, &self.build).await?
            && !self.fold_until(walk, there).await?
        {
            return Ok(false);
        }
        builds::go_live(&*swap, &self.build).await?;
        swap.commit().await.doing(doing)?;
        Ok(true)
    }

    /// One transaction: rows and position, or neither.
    async fn fold(&mut self, walk: &mut Walk<'_>, mut piece: Piece) -> Result<(), ViewError> {
        assert_eq!(piece.from, walk.at, "LOG-1: a view sees every record once");
        let poison = piece.poison.take();
        if self.view.needs_indexes() {
            self.make_indexes(walk).await?;
        }
        match self.commit(walk, &piece).await {
            Ok(()) => {}
            Err(ViewError::Poison(poison)) => {
                // It has forgotten all, and what is sound is to be folded again.
                self.make_indexes(walk).await?;
                let sound = piece.before(poison.sequence);
                self.commit(walk, &sound).await?;
                return self.halt(walk, poison).await;
            }
            Err(error) => return Err(error),
        }
        match poison {
            None => Ok(()),
            Some(poison) => self.halt(walk, poison).await,
        }
    }

    async fn commit(&mut self, walk: &mut Walk<'_>, piece: &Piece) -> Result<(), ViewError> {
        if piece.from == piece.to {
            return Ok(());
        }
        let doing = "fold into a view";
        let transaction = walk.client.transaction().await.doing(doing)?;
        let folded = async {
            apply(&mut *self.view, &transaction, piece).await?;
            let pace = walk.pace.at(piece.to);
            builds::advance(&*transaction, &self.build, piece.from, piece.to, piece.recorded_at, pace)
                .await?;
            transaction.commit().await.doing(doing)
        };
        let folded = folded.await;
        match &folded {
            Ok(()) => walk.at = piece.to,
            Err(_) => self.view.forget(),
        }
        folded
    }

    async fn halt(&self, walk: &Walk<'_>, poison: Poison) -> Result<(), ViewError> {
        let (view, at) = (&*self.build.name, poison.sequence.0);
        tracing::error!(view, at, poison.reason, "a view has halted");
        builds::halt(&**walk.client, &self.build, poison.sequence, &poison.reason).await?;
        Err(poison.into())
    }
}

/// In the order of the log, whoever wrote it.
async fn apply(
    view: &mut dyn View,
    transaction: &tokio_postgres::Transaction<'_>,
    piece: &Piece,
) -> Result<(), ViewError> {
    let before = |stranger: &Stranger| {
        piece.records.partition_point(|record| record.envelope.sequence < stranger.envelope.sequence)
    };
    let mut applied = 0;
    for strangers in piece.strangers.chunk_by(|one, next| before(one) == before(next)) {
        let until = before(&strangers[0]);
        if applied < until {
            view.apply(transaction, &piece.records[applied..until]).await?;
        }
        applied = until;
        view.apply_strangers(transaction, strangers).await?;
    }
    if applied < piece.records.len() {
        view.apply(transaction, &piece.records[applied..]).await?;
    }
    Ok(())
}
