//! Publishing: checks of an artifact, the gate, and the pointer by a conditional write.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use matinee_model::Model;
use matinee_model::artifact::{MANIFEST_FILE, MAX_MANIFEST_BYTES, Manifest, sha256_hex};
use matinee_model::live_pointer::{LivePointer, MAX_POINTER_BYTES, Published};
use matinee_serving::{LoadError, LoadReason};
use serde::Serialize;

use crate::error_chain::chain;
use crate::gate::Gate;
use crate::memory::Memory;
use crate::model_uri::{S3Layout, S3Uri};
use crate::objects::Objects;
use crate::retirement;
use crate::s3_source::S3Source;

/// How often a lost race is decided again.
const ROUNDS: usize = 5;

/// Makes models live in one bucket.
#[derive(Debug)]
pub struct Publisher {
    client: Client,
    pointer: PointerObject,
    gate: Gate,
    memory: Memory,
    /// The memory in MB of the function that serves, which holds two models while it moves from one to the other.
    serving_memory: Option<u64>,
}

#[derive(Debug)]
struct PointerObject {
    objects: Objects,
    key: String,
}

/// What became of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Decision {
    /// It is live now.
    Published {
        /// The live model.
        live: Published,
        /// What was live before.
        before: Option<String>,
        /// What the gate could not compare.
        skipped: Vec<String>,
    },
    /// It was live already.
    AlreadyLive {
        /// The live model.
        live: Published,
    },
    /// It must not go live; the live model is as it was.
    Refused {
        /// Its version, where it could be read.
        version: Option<String>,
        /// Where it is.
        uri: String,
        /// Why.
        reasons: Vec<String>,
    },
}

/// Why nothing was decided. The live model is as it was.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The bucket did not answer.
    #[error("{0}; the live model is as it was, try again")]
    Load(LoadError),
    /// The bucket did not take what had to be written.
    #[error("{0}; the live model is as it was")]
    Write(String),
    /// Others moved the pointer all the time.
    #[error("the pointer was moved by others {ROUNDS} times; try again")]
    Contended,
    /// There is nothing to go back to.
    #[error("{0}")]
    NoSuchVersion(String),
}

/// A model that was read and checked, or why it was not.
type Candidate = Result<(Published, Manifest), String>;

impl Publisher {
    /// A publisher that moves the pointer at `key` of `bucket`, with a gate, within this memory.
    pub fn new(client: Client, bucket: &str, key: &str, gate: Gate, memory: Memory) -> Self {
        let objects = Objects { client: client.clone(), bucket: bucket.to_owned() };
        let pointer = PointerObject { objects, key: key.to_owned() };
        Self { client, pointer, gate, memory, serving_memory: None }
    }

    /// The same; models are refused that a function of so many MB cannot hold twice.
    #[must_use]
    pub fn for_function_of(self, megabytes: Option<u64>) -> Self {
        Self { serving_memory: megabytes, ..self }
    }

    /// What is live, and what was.
    pub async fn list(&self) -> Result<Option<LivePointer>, PublishError> {
        Ok(self.pointer.read().await?.map(|(pointer, _)| pointer))
    }

    /// Makes the artifact at `uri` live if it passes: its own checks always, the gate unless `ungated`.
    pub async fn publish(&self, uri: &S3Uri, ungated: bool) -> Result<Decision, PublishError> {
        let (candidate, manifest) = match self.read_candidate(uri).await? {
            Ok(candidate) => candidate,
            Err(reason) => return Ok(refused(None, uri, vec![reason])),
        };
        let mut written = None;
        for _ in 0..ROUNDS {
            let before = self.pointer.read().await?;
            if let Some((pointer, _)) = &before
                && pointer.live.version == candidate.version
            {
                return Ok(found_live(pointer, written.as_ref()));
            }
            let mut skipped = Vec::new();
            if let (Some((pointer, _)), false) = (&before, ungated) {
                match self.live_manifest(&pointer.live).await? {
                    None => skipped.push("everything: the live model's manifest cannot be read".to_owned()),
                    Some(live) => {
                        let verdict = self.gate.judge(&manifest, &live);
                        if !verdict.refusals.is_empty() {
                            return Ok(refused(Some(candidate.version), uri, verdict.refusals));
                        }
                        skipped = verdict.skipped;
                    }
                }
            }
            retirement::keep(&self.client, uri).await.map_err(PublishError::Write)?;
            if let Some(decision) = self.swap(before, candidate.clone(), skipped).await? {
                return Ok(decision);
            }
            written = Some(candidate.clone());
        }
        Err(PublishError::Contended)
    }

    /// Goes back to an earlier model: to `version`, or to the one that was live last.
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
            // Decided once: if only the answer to the write is lost, the next round must not go back once more.
            version = Some(target.version.clone());
            let uri: S3Uri = match target.uri.parse() {
                Ok(uri) => uri,
                Err(error) => return Err(PublishError::NoSuchVersion(format!("{}: {error}", target.uri))),
            };
            let candidate = match self.read_candidate(&uri).await? {
                Ok((candidate, _)) if candidate.manifest_sha256 == target.manifest_sha256 => candidate,
                Ok((candidate, _)) => {
                    let reason = "its manifest is not the one that was published".to_owned();
                    return Ok(refused(Some(candidate.version), &uri, vec![reason]));
                }
                Err(reason) => return Ok(refused(Some(target.version.clone()), &uri, vec![reason])),
            };
            written = Some(candidate.clone());
            if let Some(decision) = self.swap(Some((pointer, etag)), candidate, Vec::new()).await? {
                return Ok(decision);
            }
        }
        Err(PublishError::Contended)
    }

    /// Reads the artifact as the function that serves does.
    async fn read_candidate(&self, uri: &S3Uri) -> Result<Candidate, PublishError> {
        if let S3Layout::Pointer(_) = uri.layout {
            return Ok(Err("it is a pointer, not an artifact".to_owned()));
        }
        let source = S3Source::new(self.client.clone(), uri.clone()).within(self.memory);
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
        };
        Ok(Ok((published, manifest)))
    }

    fn does_not_fit(&self, model: &Model) -> Option<String> {
        let needed = Memory::for_two(model.manifest());
        let has = self.serving_memory.filter(|&has| has < needed)?;
        Some(format!(
            "the function has {has} MB, and needs {needed} MB to load it beside another of this size; \
             deploy with MemorySize={needed} or more"
        ))
    }

    /// The manifest of the live model; `None` if the artifact is gone or broken, so that a good one may heal it.
    async fn live_manifest(&self, live: &Published) -> Result<Option<Manifest>, PublishError> {
        let Ok(uri) = live.uri.parse::<S3Uri>() else { return Ok(None) };
        let objects = Objects { client: self.client.clone(), bucket: uri.bucket.clone() };
        let read = match &uri.layout {
            S3Layout::Prefix(prefix) => {
                let key = format!("{prefix}{MANIFEST_FILE}");
                let json = objects.fetch(&key, MAX_MANIFEST_BYTES).await;
                json.and_then(|json| {
                    let is_published = sha256_hex(&json) == live.manifest_sha256;
                    let manifest = Manifest::parse(&json)?;
                    if is_published { Ok(manifest) } else { Err(objects.wrong(&key, "was changed")) }
                })
            }
            S3Layout::Archive(_) => {
                let source = S3Source::new(self.client.clone(), uri.clone()).within(self.memory);
                source.load_with_digest().await.map(|(model, _)| model.manifest().clone())
            }
            S3Layout::Pointer(_) => return Ok(None),
        };
        match read {
            Ok(manifest) => Ok(Some(manifest)),
            Err(error) if matches!(error.reason, LoadReason::NotFound | LoadReason::Invalid) => {
                tracing::warn!(detail = error.detail, "the live model cannot be compared with");
                Ok(None)
            }
            Err(error) => Err(PublishError::Load(error)),
        }
    }

    /// Moves the pointer from `before` to `next`; `None` if somebody else moved it.
    async fn swap(
        &self,
        before: Option<(LivePointer, String)>,
        next: Published,
        skipped: Vec<String>,
    ) -> Result<Option<Decision>, PublishError> {
        let (before, etag) = before.unzip();
        let was_live = before.as_ref().map(|pointer| pointer.live.version.clone());
        let pointer = LivePointer::after(before, next);
        let is_moved = self.pointer.write(&pointer, etag.as_deref()).await?;
        Ok(is_moved.then_some(Decision::Published { live: pointer.live, before: was_live, skipped }))
    }
}

impl PointerObject {
    /// The pointer and its ETag; `None` if there is none yet.
    async fn read(&self) -> Result<Option<(LivePointer, String)>, PublishError> {
        match self.objects.fetch_changed(&self.key, None, MAX_POINTER_BYTES).await {
            Ok(Some((json, etag))) => {
                let pointer = LivePointer::parse(&json).map_err(|error| {
                    PublishError::Load(self.objects.wrong(&self.key, &format!("is {error}")))
                })?;
                Ok(Some((pointer, etag)))
            }
            Ok(None) => Ok(None),
            Err(error) if error.reason == LoadReason::NotFound => Ok(None),
            Err(error) => Err(PublishError::Load(error)),
        }
    }

    /// Writes the pointer in the place of the one with this ETag, or of none; `false` if there is another.
    async fn write(&self, pointer: &LivePointer, etag: Option<&str>) -> Result<bool, PublishError> {
        let request = self.objects.client.put_object().bucket(&self.objects.bucket).key(&self.key);
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
                "cannot write the pointer s3://{}/{}: {}",
                self.objects.bucket,
                self.key,
                chain(&error)
            ))),
        }
    }
}

/// What to say of a model that is found live: it was made so by this very write, of which the answer was lost,
/// or before.
fn found_live(pointer: &LivePointer, written: Option<&Published>) -> Decision {
    let live = pointer.live.clone();
    if written != Some(&live) {
        return Decision::AlreadyLive { live };
    }
    let before = pointer.previous.first().map(|model| model.version.clone());
    Decision::Published { live, before, skipped: Vec::new() }
}

fn target<'a>(pointer: &'a LivePointer, version: Option<&str>) -> Result<&'a Published, PublishError> {
    let found = match version {
        None => pointer.previous.first(),
        Some(version) => pointer.previous.iter().find(|model| model.version == version),
    };
    found.ok_or_else(|| {
        let known: Vec<&str> = pointer.previous.iter().map(|model| model.version.as_str()).collect();
        PublishError::NoSuchVersion(match version {
            None => "nothing was live before".to_owned(),
            Some(version) => {
                format!("version {version} was not live before; there are: {}", known.join(", "))
            }
        })
    })
}

fn refused(version: Option<String>, uri: &S3Uri, reasons: Vec<String>) -> Decision {
    Decision::Refused { version, uri: uri.to_string(), reasons }
}
