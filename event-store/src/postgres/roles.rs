//! Roles with few rights: the writer may insert into the log and read it, the reader may read.
//!
//! Sessions log in as whoever the connection string names and `SET ROLE`. Where roles may not be created, sessions keep the
//! login's rights, and the triggers are the only wall.

use tokio_postgres::{Client, error::SqlState};

use crate::{LogError, error::Doing};

pub(crate) const WRITER: &str = "nexus_writer";
pub(crate) const READER: &str = "nexus_reader";

/// `FOR NO KEY UPDATE` of the epoch's row needs the right to update it. The lock is the one that attaching a partition takes:
/// somebody else may be opening the log meanwhile, and both change the same rows of the catalogue.
const GRANTS: &str = "
    LOCK TABLE log IN SHARE UPDATE EXCLUSIVE MODE;
    GRANT SELECT, INSERT ON log TO nexus_writer;
    GRANT SELECT, UPDATE (epoch, owner) ON shards TO nexus_writer;
    GRANT SELECT, INSERT, DELETE ON snapshots, snapshot_chunks TO nexus_writer;
    GRANT SELECT ON log, shards, events, snapshots, snapshot_chunks TO nexus_reader;
    DO $$
    DECLARE partition regclass;
    BEGIN
        FOR partition IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'log'::regclass LOOP
            EXECUTE format('GRANT SELECT ON %s TO nexus_writer', partition);
        END LOOP;
    END
    $$;";

/// Creates the roles if we may. They belong to the whole cluster: another database's migration may be at it too.
pub(crate) async fn ensure(client: &Client) -> Result<(), LogError> {
    for role in [WRITER, READER] {
        if !ensure_role(client, role).await? {
            tracing::warn!(
                role,
                "this login may not create or join the role: sessions keep the login's own rights"
            );
            return Ok(());
        }
    }
    client.batch_execute(GRANTS).await.doing("grant the roles their rights")
}

async fn ensure_role(client: &Client, role: &str) -> Result<bool, LogError> {
    const ATTEMPTS_MAX: usize = 10;
    for _ in 0..ATTEMPTS_MAX {
        let state = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1),
                            coalesce((SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = $1), false)";
        let state = client.query_one(state, &[&role]).await.doing("look for the roles")?;
        let (exists, is_member): (bool, bool) = (state.get(0), state.get(1));
        if is_member {
            return Ok(true);
        }
        let step = match exists {
            false => format!("CREATE ROLE {role} NOLOGIN"),
            true => format!("GRANT {role} TO CURRENT_USER"),
        };
        match client.batch_execute(&step).await {
            Ok(()) => {}
            Err(e) if e.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => return Ok(false),
            // Somebody else has just done the same; "tuple concurrently updated" has no code of its own.
            Err(e) if is_race(&e) => {}
            Err(e) => return Err(e).doing("create the roles"),
        }
    }
    Ok(false)
}

fn is_race(error: &tokio_postgres::Error) -> bool {
    let races = [SqlState::DUPLICATE_OBJECT, SqlState::UNIQUE_VIOLATION, SqlState::INTERNAL_ERROR];
    error.code().is_some_and(|code| races.contains(code))
}

/// The roles that this login can act in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Roles {
    pub writer: Option<&'static str>,
    pub reader: Option<&'static str>,
}

pub(crate) async fn usable(client: &Client) -> Result<Roles, LogError> {
    let sql = "SELECT rolname::text FROM pg_roles WHERE rolname = ANY ($1) AND pg_has_role(current_user, oid, 'MEMBER')";
    let rows = client.query(sql, &[&[WRITER, READER].as_slice()]).await.doing("look for the roles")?;
    let has = |role: &'static str| rows.iter().any(|row| row.get::<_, &str>(0) == role).then_some(role);
    Ok(Roles { writer: has(WRITER), reader: has(READER) })
}
