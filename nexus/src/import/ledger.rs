//! The ledger that is posted to: whether it is there, what stands in its log, and what `--open` makes.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result, bail};
use event_schemas::{AccountPath, AccountType, AssetCode, LedgerId, Position};
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::RecordedEvent;
use crate::client::{Client, Problem};

/// Records on one page of the log.
const PAGE_RECORDS_MAX: u64 = 1_000;
/// Pages that are asked for at once.
const PAGES_AT_ONCE: usize = 4;

#[derive(Clone)]
pub struct Ledger {
    pub client: Client,
    pub id: LedgerId,
}

#[derive(Deserialize)]
struct Page {
    events: Vec<RecordedEvent>,
}

impl Ledger {
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/ledgers/{}{rest}", self.id)
    }

    pub async fn exists(&self) -> Result<bool> {
        match self.client.get(&self.path("")).await {
            Ok(_) => Ok(true),
            Err(error) if code(&error) == Some("ledger_not_found") => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub async fn open(&self, time_zone: Option<&str>) -> Result<()> {
        let mut body = json!({ "id": self.id });
        if let Some(time_zone) = time_zone {
            body["time_zone"] = time_zone.into();
        }
        let opened = self.client.post("/v1/ledgers", &fresh_key(), &body).await;
        opened.with_context(|| format!("the ledger {} could not be opened", self.id))?;
        Ok(())
    }

    /// Registers what is not there yet, and says what it was.
    pub async fn register(&self, assets: &BTreeMap<String, u8>) -> Result<Vec<String>> {
        let mut registered = Vec::new();
        for (currency, scale) in assets {
            if self.register_asset(&AssetCode::parse(currency)?, *scale, None).await? {
                registered.push(currency.clone());
            }
        }
        Ok(registered)
    }

    /// The types of the accounts that are there.
    pub async fn account_types(&self) -> Result<BTreeMap<AccountPath, AccountType>> {
        let accounts = self.client.get_all(&self.path("/accounts"), "accounts").await?;
        let typed = accounts.iter().map(|account| {
            let path = account["account"].as_str().context("an account has no path")?;
            let kind = AccountType::deserialize(&account["type"]).context("an account has no type")?;
            Ok((AccountPath::parse(path)?, kind))
        });
        typed.collect()
    }

    pub async fn open_account(&self, path: &AccountPath, kind: AccountType) -> Result<()> {
        let body = json!({ "path": path, "type": kind });
        match self.client.post(&self.path("/accounts"), &fresh_key(), &body).await {
            Ok(_) => Ok(()),
            // Under a name that it had before.
            Err(error) if code(&error) == Some("account_already_exists") => Ok(()),
            Err(error) => Err(error).with_context(|| format!("the account {path} could not be opened")),
        }
    }

    /// Registers an asset, if it is not there yet; says whether it was not.
    pub async fn register_asset(&self, currency: &AssetCode, scale: u8, name: Option<&str>) -> Result<bool> {
        let mut body = json!({ "currency": currency.as_str(), "scale": scale });
        if let Some(name) = name {
            body["name"] = name.into();
        }
        // Asked first: each import would leave a recorded refusal behind for each asset.
        for path in ["/assets?dry_run=true", "/assets"] {
            match self.client.post(&self.path(path), &fresh_key(), &body).await {
                Ok(_) => {}
                Err(error) if code(&error) == Some("asset_already_exists") => return Ok(false),
                Err(error) => {
                    return Err(error)
                        .with_context(|| format!("the asset {currency} could not be registered"));
                }
            }
        }
        Ok(true)
    }

    /// Records a rate; says where it stands in the log. A repeat says where it stood before.
    pub async fn record_rate(&self, key: &str, rate: &Value) -> Result<Position> {
        let answer = self.client.post(&self.path("/rates"), key, rate).await?;
        Ok(answer["position"].as_str().context("a rate's answer has no position")?.parse()?)
    }

    /// Where the log ends now: what is answered with a place up to here was there before.
    pub async fn head(&self) -> Result<Position> {
        let page = self.client.get("/v1/ledgers?limit=1").await?;
        let as_of =
            page.get("as_of").and_then(Value::as_str).context("the server did not say where its log ends")?;
        Ok(as_of.parse()?)
    }

    /// The records at these places. Repeats of an import lie together, so pages of the log are read, not single records.
    pub async fn records(&self, places: &[Position]) -> Result<HashMap<Position, RecordedEvent>> {
        let mut wanted = places.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        let pages: Vec<_> =
            pages(&wanted).into_iter().map(|(after, limit)| self.page(after, limit)).collect();
        let pages: Vec<_> = stream::iter(pages).buffer_unordered(PAGES_AT_ONCE).try_collect().await?;
        let mut found = HashMap::with_capacity(wanted.len());
        for (shard, event) in pages
            .into_iter()
            .flat_map(|(shard, page)| page.events.into_iter().map(move |event| (shard, event)))
        {
            found.insert(Position::new(shard, event.sequence), event);
        }
        Ok(found)
    }

    async fn page(&self, after: Position, limit: u64) -> Result<(event_schemas::Shard, Page)> {
        let path = self.path(&format!("/events?after={after}&limit={limit}"));
        let response = self.client.request(Method::GET, &path).send().await;
        let response = response.map_err(|error| self.client.unreachable(&error))?;
        if !response.status().is_success() {
            // Asked again, for the words.
            self.client.get(&path).await?;
            bail!("the log could not be read");
        }
        let page = serde_json::from_slice(&response.bytes().await?).context("a record cannot be read")?;
        Ok((after.shard, page))
    }

    /// The number of an account, if the ledger knows the path.
    pub async fn account_number(&self, account: &AccountPath) -> Result<Option<u32>> {
        let path = self.path(&format!("/accounts/{}", escaped(account.as_str())));
        match self.client.get(&path).await {
            Ok(view) => {
                Ok(view.get("number").and_then(Value::as_u64).and_then(|number| number.try_into().ok()))
            }
            Err(error) if code(&error) == Some("no_such_account") => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Covers ascending places by pages: after which place, and how many records.
fn pages(wanted: &[Position]) -> Vec<(Position, u64)> {
    let mut pages: Vec<(Position, u64)> = Vec::new();
    let mut taken = 0;
    for place in wanted {
        if let Some((after, limit)) = pages.last_mut() {
            let span = place.sequence.0 - after.sequence.0;
            // A gap of other records is read over while at least a quarter of the page is wanted.
            if after.shard == place.shard && span <= PAGE_RECORDS_MAX && span <= 4 * (taken + 1) {
                *limit = span;
                taken += 1;
                continue;
            }
        }
        let before = event_schemas::Sequence(place.sequence.0.saturating_sub(1));
        pages.push((Position::new(place.shard, before), 1));
        taken = 1;
    }
    pages
}

/// The code of the problem that an error carries.
fn code(error: &anyhow::Error) -> Option<&str> {
    error.downcast_ref::<Problem>().map(|problem| problem.code.as_str())
}

/// A part of a path, percent-encoded.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
    }
    out
}

/// Opening twice is harmless, so each attempt is a command of its own.
fn fresh_key() -> String {
    Uuid::new_v4().to_string()
}

#[cfg(test)]
mod tests {
    use event_schemas::{Sequence, Shard};

    use super::*;

    #[test]
    fn places_that_lie_together_are_read_together() {
        let at = |sequence| Position::new(Shard(1), Sequence(sequence));
        let read = |sequences: &[u64]| -> Vec<(u64, u64)> {
            let wanted: Vec<_> = sequences.iter().map(|sequence| at(*sequence)).collect();
            pages(&wanted).into_iter().map(|(after, limit)| (after.sequence.0, limit)).collect()
        };
        assert_eq!(read(&[]), []);
        assert_eq!(read(&[1, 2, 3, 7]), [(0, 7)]);
        assert_eq!(read(&[5, 500, 501]), [(4, 1), (499, 2)]);
        let all: Vec<u64> = (10..=1_500).collect();
        assert_eq!(read(&all), [(9, 1_000), (1_009, 491)]);
    }
}
