//! Publishing a model: check the artifact, ask the gate, and move the pointer by a conditional write.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use matinee_model::Model;
use matinee_model::artifact::{AgainstLive, MANIFEST_FILE, MAX_MANIFEST_BYTES, Manifest, sha256_hex};
use matinee_model::live_pointer::{Figures, LivePointer, MAX_POINTER_BYTES, Published, Refused};
use matinee_serving::{LoadError, LoadReason};
use serde::Serialize;

use crate::error_chain::error_chain;
use crate::gate::{Gate, Verdict};
use crate::memory::Memory;
use crate::model_uri::{S3Layout, S3Uri};
use crate::objects::Objects;
use crate::retired_tag::untag_model;
use crate::s3_source::S3Source;

/// The object that says which model is live.
pub const LIVE_POINTER_KEY: &str = "models/live.json";
/// How often to decide again if somebody else moves the pointer meanwhile.
const ROUNDS: usize = 5;

/// Decides which model of a bucket is live.
#[derive(Debug)]
pub struct Publisher {
    client: Client,
    pointer: PointerObject,
    gate: Gate,
    memory: Memory,
    /// The memory in MB of the predict function, which holds two models while it changes from one to the other.
    serving_memory: Option<u32>,
}

#[derive(Debug)]
pub(crate) struct PointerObject {
    pub(crate) objects: Objects,
}

/// What was decided about a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Decision {
    /// It went live.
    Published {
        /// The live model.
        live: Published,
        /// The version that was live before.
        before: Option<String>,
        /// What the gate could not compare.
        skipped: Vec<String>,
        /// The RMSE of the model that was live before, on ratings that came in since it was trained, if it was measured.
        #[serde(skip_serializing_if = "Option::is_none")]
        live_rmse: Option<f64>,
    },
    /// It is already live.
    AlreadyLive {
        /// The live model.
        live: Published,
    },
    /// It must not go live. The live model has not changed.
    Refused {
        /// Its version, if it could be read.
        version: Option<String>,
        /// Where it is.
        uri: String,
        /// The reasons.
        reasons: Vec<String>,
        /// The RMSE of the live model on ratings that came in since it was trained, if it was measured.
        #[serde(skip_serializing_if = "Option::is_none")]
        live_rmse: Option<f64>,
    },
}

/// Why nothing was decided. The live model has not changed.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The bucket did not answer.
    #[error("{0}; the live model has not changed, try again")]
    Load(LoadError),
    /// The bucket refused a write.
    #[error("{0}; the live model has not changed")]
    Write(String),
    /// Somebody else moved the pointer each time.
    #[error("somebody else moved the pointer {ROUNDS} times meanwhile; try again")]
    Contended,
    /// There is no such model to go back to.
    #[error("{0}")]
    NoSuchVersion(String),
}

/// A model that was read and checked, or why it cannot go live.
type Candidate = Result<(Published, Manifest), String>;

impl Publisher {
    /// A publisher that moves the pointer of `bucket`, with a gate, within this memory.
    pub fn new(client: Client, bucket: &str, gate: Gate, memory: Memory) -> Self {
        let objects = Objects { client: client.clone(), bucket: bucket.to_owned() };
        Self { client, pointer: PointerObject { objects }, gate, memory, serving_memory: None }
    }

    /// The same, for a predict function with this memory: a model that it cannot hold twice is refused.
    #[must_use]
    pub fn with_serving_memory(self, megabytes: Option<u32>) -> Self {
        Self { serving_memory: megabytes, ..self }
    }

    /// The live model and those before it; `None` if no model is published yet.
    pub async fn list(&self) -> Result<Option<LivePointer>, PublishError> {
        Ok(self.pointer.read().await?.map(|(pointer, _)| pointer))
    }

    /// Makes the artifact at `uri` live if it passes its checks and the gate. `force` bypasses the gate.
    pub async fn publish(&self, uri: &S3Uri, force: bool) -> Result<Decision, PublishError> {
        let (candidate, manifest) = match self.read_candidate(uri).await? {
            Ok(candidate) => candidate,
            Err(reason) => return Ok(refused(None, uri, vec![reason])),
        };
        let candidate = Published { forced: force, ..candidate };
        let mut written = None;
        for _ in 0..ROUNDS {
            let mut before = self.pointer.read().await?;
            if let Some((pointer, _)) = &before
                && pointer.live.version == candidate.version
            {
                return Ok(found_live(pointer, written.as_ref()));
            }
            let live_rmse = before.as_ref().and_then(|(pointer, _)| live_rmse(&manifest, &pointer.live));
            let mut skipped = Vec::new();
            if let (Some((pointer, etag)), false) = (&mut before, force) {
                let Verdict { refusals, skipped: not_compared } = self.judge(&manifest, pointer).await?;
                if !refusals.is_empty() {
                    let model = candidate.refused_for(&refusals);
                    if !self.remember(pointer, etag, model).await {
                        continue;
                    }
                    let (version, uri) = (Some(candidate.version), uri.to_string());
                    return Ok(Decision::Refused { version, uri, reasons: refusals, live_rmse });
                }
                skipped = not_compared;
            }
            untag_model(&self.client, uri, &manifest).await.map_err(PublishError::Write)?;
            let (before, etag) = before.unzip();
            let was_live = before.as_ref().map(|pointer| pointer.live.version.clone());
            let pointer = LivePointer::after(before, candidate.clone());
            if self.pointer.write(&pointer, etag.as_deref()).await? {
                return Ok(Decision::Published { live: pointer.live, before: was_live, skipped, live_rmse });
            }
            written = Some(candidate.clone());
        }
        Err(PublishError::Contended)
    }

    /// Asks the gate about a model. The live model of the pointer gets its figures, if an earlier release published it without.
    async fn judge(&self, candidate: &Manifest, pointer: &mut LivePointer) -> Result<Verdict, PublishError> {
        let Some(live) = self.manifest_of(&pointer.live).await? else {
            let skipped = vec!["any metric: the manifest of the live model cannot be read".to_owned()];
            return Ok(Verdict { skipped, ..Verdict::default() });
        };
        pointer.live.figures.get_or_insert_with(|| Figures::of(&live));
        let best = match pointer.best_before() {
            Some(best) => self.manifest_of(best).await?,
            None => None,
        };
        Ok(self.gate.judge(candidate, &live, best.as_ref()))
    }

    /// Goes back to an earlier model: to `version`, or to the previous one.
    pub async fn roll_back(&self, version: Option<&str>) -> Result<Decision, PublishError> {
        let mut version = version.map(str::to_owned);
        let mut written = None;
        for _ in 0..ROUNDS {
            let Some((pointer, etag)) = self.pointer.read().await? else {
                return Err(PublishError::NoSuchVersion("no model is published yet".to_owned()));
            };
            if version.as_ref() == Some(&pointer.live.version) {
                return Ok(found_live(&pointer, written.as_ref()));
            }
            let target = target(&pointer, version.as_deref())?;
            // The target is chosen once. If the write succeeds but its answer is lost, the next round must not go back further.
            version = Some(target.version.clone());
            let uri: S3Uri = match target.uri.parse() {
                Ok(uri) => uri,
                Err(error) => return Err(PublishError::NoSuchVersion(format!("{}: {error}", target.uri))),
            };
            let candidate = match self.read_candidate(&uri).await? {
                Ok((candidate, _)) if candidate.manifest_sha256 == target.manifest_sha256 => {
                    Published { forced: target.forced, ..candidate }
                }
                Ok((candidate, _)) => {
                    let reason = "its manifest has changed since it was published".to_owned();
                    return Ok(refused(Some(candidate.version), &uri, vec![reason]));
                }
                Err(reason) => return Ok(refused(Some(target.version.clone()), &uri, vec![reason])),
            };
            written = Some(candidate.clone());
            let was_live = Some(pointer.live.version.clone());
            let pointer = pointer.rolled_back(candidate);
            if self.pointer.write(&pointer, Some(&etag)).await? {
                return Ok(published(pointer.live, was_live));
            }
        }
        Err(PublishError::Contended)
    }

    /// Reads the artifact as the predict function does.
    async fn read_candidate(&self, uri: &S3Uri) -> Result<Candidate, PublishError> {
        if let S3Layout::Pointer(_) = uri.layout {
            return Ok(Err("it is a pointer, not a model".to_owned()));
        }
        let source = S3Source::new(self.client.clone(), uri.clone()).with_memory(self.memory);
        let (model, manifest_sha256) = match source.load_with_digest().await {
            Ok(loaded) => loaded,
            Err(error) if error.reason == LoadReason::Unreachable => return Err(PublishError::Load(error)),
            Err(error) => return Ok(Err(error.to_string())),
        };
        let manifest = model.manifest().clone();
        if let Some(reason) = self.does_not_fit(&model) {
            return Ok(Err(reason));
        }
        let published = Published {
            version: manifest.version.to_string(),
            uri: uri.to_string(),
            manifest_sha256,
            published_at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            rolled_back_at: None,
            forced: false,
            figures: Some(Figures::of(&manifest)),
        };
        Ok(Ok((published, manifest)))
    }

    fn does_not_fit(&self, model: &Model) -> Option<String> {
        let needed = Memory::needed_for_two(model.manifest());
        let has = self.serving_memory.filter(|&has| u64::from(has) < needed)?;
        Some(format!(
            "the predict function has {has} MB, but needs {needed} MB to load it while it serves another of this size; \
             deploy with MemorySize={needed} or more"
        ))
    }

    /// The manifest of a published model; `None` if the artifact is missing or damaged. Then a new one is not compared with it.
    async fn manifest_of(&self, model: &Published) -> Result<Option<Manifest>, PublishError> {
        let Ok(uri) = model.uri.parse::<S3Uri>() else { return Ok(None) };
        let objects = Objects { client: self.client.clone(), bucket: uri.bucket.clone() };
        let read = match &uri.layout {
            S3Layout::Prefix(prefix) => {
                let key = format!("{prefix}{MANIFEST_FILE}");
                let json = objects.fetch(&key, MAX_MANIFEST_BYTES).await;
                json.and_then(|json| {
                    let is_published = sha256_hex(&json) == model.manifest_sha256;
                    let manifest = Manifest::parse(&json)?;
                    if is_published {
                        Ok(manifest)
                    } else {
                        Err(objects.wrong(&key, "has changed since it was published"))
                    }
                })
            }
            S3Layout::Archive(_) => {
                let source = S3Source::new(self.client.clone(), uri.clone()).with_memory(self.memory);
                source.load_with_digest().await.map(|(model, _)| model.manifest().clone())
            }
            S3Layout::Pointer(_) => return Ok(None),
        };
        match read {
            Ok(manifest) => Ok(Some(manifest)),
            Err(error) if matches!(error.reason, LoadReason::NotFound | LoadReason::Invalid) => {
                tracing::warn!(
                    detail = error.detail,
                    version = model.version,
                    "a published model cannot be read, so the new one is not compared with it"
                );
                Ok(None)
            }
            Err(error) => Err(PublishError::Load(error)),
        }
    }

    /// Writes to the pointer that this model was refused; `false` if somebody else moved it meanwhile, so that the model
    /// has to be compared with another one. If the write fails, the refusal is not remembered, but stands.
    async fn remember(&self, pointer: &LivePointer, etag: &str, model: Refused) -> bool {
        let is_same = |other: &Refused| other.version == model.version && other.reasons == model.reasons;
        if pointer.refused.iter().any(is_same) {
            return true;
        }
        let pointer = pointer.clone().with_refused(model);
        self.pointer.write(&pointer, Some(etag)).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the pointer does not tell that the model was refused");
            true
        })
    }
}

impl PointerObject {
    /// The pointer and its ETag; `None` if there is no pointer yet.
    pub(crate) async fn read(&self) -> Result<Option<(LivePointer, String)>, PublishError> {
        match self.objects.fetch_changed(LIVE_POINTER_KEY, None, MAX_POINTER_BYTES).await {
            Ok(Some((json, etag))) => {
                let pointer = LivePointer::parse(&json).map_err(|error| {
                    PublishError::Load(self.objects.wrong(LIVE_POINTER_KEY, &format!("is {error}")))
                })?;
                Ok(Some((pointer, etag)))
            }
            Ok(None) => Ok(None),
            Err(error) if error.reason == LoadReason::NotFound => Ok(None),
            Err(error) => Err(PublishError::Load(error)),
        }
    }

    /// Writes the pointer, if the stored one still has this ETag or, without an ETag, if there is none; `false` otherwise.
    async fn write(&self, pointer: &LivePointer, etag: Option<&str>) -> Result<bool, PublishError> {
        let request = self.objects.client.put_object().bucket(&self.objects.bucket).key(LIVE_POINTER_KEY);
        let request = match etag {
            Some(etag) => request.if_match(etag),
            None => request.if_none_match("*"),
        };
        let body = ByteStream::from(pointer.to_json().into_bytes());
        match request.content_type("application/json").body(body).send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(refusal)) if matches!(refusal.raw().status().as_u16(), 409 | 412) => {
                Ok(false)
            }
            Err(error) => Err(PublishError::Write(format!(
                "cannot write the pointer s3://{}/{LIVE_POINTER_KEY}: {}",
                self.objects.bucket,
                error_chain(&error)
            ))),
        }
    }
}

/// The decision about a model that turns out to be live. Either it was live before, or an earlier round of this call
/// made it live and the answer to the write was lost.
fn found_live(pointer: &LivePointer, written: Option<&Published>) -> Decision {
    let live = pointer.live.clone();
    let is_same = |written: &Published| {
        (&written.version, &written.published_at) == (&live.version, &live.published_at)
    };
    if !written.is_some_and(is_same) {
        return Decision::AlreadyLive { live };
    }
    published(live, pointer.previous.first().map(|model| model.version.clone()))
}

/// The decision that a model is live, without anything to tell about the gate.
fn published(live: Published, before: Option<String>) -> Decision {
    Decision::Published { live, before, skipped: Vec::new(), live_rmse: None }
}

/// The RMSE of the live model on what came in since it was trained, if the new model was compared with just this one.
fn live_rmse(candidate: &Manifest, live: &Published) -> Option<f64> {
    let AgainstLive { live_version, errors, .. } = candidate.against_live.as_ref()?;
    errors.filter(|_| live_version.as_str() == live.version).map(|errors| errors.live_rmse)
}

fn target<'a>(pointer: &'a LivePointer, version: Option<&str>) -> Result<&'a Published, PublishError> {
    let found = match version {
        None => pointer.previous.first(),
        Some(version) => pointer.previous.iter().find(|model| model.version == version),
    };
    found.ok_or_else(|| {
        let known: Vec<&str> = pointer.previous.iter().map(|model| model.version.as_str()).collect();
        PublishError::NoSuchVersion(match version {
            None => "no model was live before this one".to_owned(),
            Some(version) => {
                format!(
                    "version {version} was not live before; the earlier versions are: {}",
                    known.join(", ")
                )
            }
        })
    })
}

fn refused(version: Option<String>, uri: &S3Uri, reasons: Vec<String>) -> Decision {
    Decision::Refused { version, uri: uri.to_string(), reasons, live_rmse: None }
}
