//! The key with which a newcomer's own machine calls its own server: all scopes, all ledgers, in a file for one user.

use std::fs;

use anyhow::Result;
use chrono::Utc;
use command_api::keys::{Grant, Key, Scope, cache::KeySource, postgres::PostgresKeys, split_token};

use crate::{config::DataFolder, folder::write_whole};

const ID: &str = "dev";

/// Makes the key unless the file holds one that this database knows. A key whose file is lost is revoked.
pub async fn ensure(folder: &DataFolder, keys: &PostgresKeys) -> Result<()> {
    let file = folder.dev_key();
    let known = keys.load().await?;
    let token = fs::read_to_string(&file).unwrap_or_default();
    if let Some((id, secret)) = split_token(token.trim())
        && known.iter().any(|key| key.id == id && key.opened_by(secret))
    {
        return Ok(());
    }
    let name = format!("dev key of {}", folder.path.display());
    for lost in known.iter().filter(|key| key.name == name && key.revoked_at.is_none()) {
        keys.revoke(&lost.id, Utc::now()).await?;
    }
    let id = (!known.iter().any(|key| key.id == ID)).then(|| ID.to_owned());
    let scopes = Scope::ALL.iter().copied().collect();
    let (key, token) = Key::issue(id, name, scopes, Grant::All, Utc::now());
    // The file first: a key that nobody can read would be of no use.
    write_whole(&file, &format!("{}\n", token.as_str()), 0o600)?;
    keys.insert(&key).await?;
    Ok(())
}
