//! Loads a model from S3: from separate files, from an archive, or from where a pointer points to.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_s3::Client;
use futures_util::future::try_join3;
use matinee_model::artifact::{
    ArtifactError, MANIFEST_FILE, MAX_MANIFEST_BYTES, MAX_MODEL_BYTES, MAX_MOVIES_BYTES, MODEL_FILE,
    MOVIES_FILE, Manifest, Tensors, USERS_FILE, read_archive_within, sha256_hex,
};
use matinee_model::live_pointer::{Figures, LivePointer, MAX_POINTER_BYTES, Published};
use matinee_model::{Catalogue, Model, UserSource};
use matinee_serving::{LoadError, LoadFuture, LoadReason, PathSource, Source};

use crate::in_thread::in_thread;
use crate::lock::lock;
use crate::memory::{Memory, needed_bytes};
use crate::model_uri::{S3Layout, S3Uri};
use crate::objects::Objects;
use crate::s3_users::S3Users;
use crate::serving_metrics::ServingMetrics;

/// Less than API Gateway waits for an answer, because requests wait for the model.
const LOAD_TIMEOUT: Duration = Duration::from_secs(25);

/// Loads a model from S3.
#[derive(Debug)]
pub struct S3Source {
    client: Client,
    uri: S3Uri,
    memory: Memory,
    /// The local model to serve while there is no pointer.
    until_published: Option<PathBuf>,
    /// The metrics that record the model's age.
    metrics: Option<Arc<ServingMetrics>>,
    /// The pointer that was followed last.
    followed: Mutex<Option<Followed>>,
    /// What that pointer told.
    history: Mutex<Option<LivePointer>>,
}

/// The pointer that was read last, and the model that was loaded last.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Followed {
    /// The ETag of the pointer; `None` if its model could not be read but may be there later.
    etag: Option<String>,
    /// The version of the model that was loaded last.
    loaded: Option<String>,
}

impl S3Source {
    /// Loads the model at `uri` with `client`.
    pub fn new(client: Client, uri: S3Uri) -> Self {
        Self {
            client,
            uri,
            memory: Memory::default(),
            until_published: None,
            metrics: None,
            followed: Mutex::new(None),
            history: Mutex::new(None),
        }
    }

    /// The same with this memory: a model that does not fit is refused before it is fetched.
    #[must_use]
    pub fn with_memory(self, memory: Memory) -> Self {
        Self { memory, ..self }
    }

    /// The same, with a local model to serve while there is no pointer yet.
    #[must_use]
    pub fn until_published(self, path: PathBuf) -> Self {
        Self { until_published: Some(path), ..self }
    }

    /// The same, recording in these metrics which model is live and when it was trained.
    #[must_use]
    pub fn with_metrics(self, metrics: Option<Arc<ServingMetrics>>) -> Self {
        Self { metrics, ..self }
    }

    /// Loads the artifact at the URI, which must not be a pointer. Returns the SHA-256 of its manifest too.
    pub(crate) async fn load_with_digest(&self) -> Result<(Model, String), LoadError> {
        self.in_time(self.fetch_model(&self.uri, None)).await
    }

    /// Whether a later load may find another model.
    pub fn can_change(&self) -> bool {
        matches!(self.uri.layout, S3Layout::Pointer(_))
    }

    /// Reads the pointer and its ETag; `None` if it has not changed since it was followed.
    async fn changed_pointer(&self, key: &str) -> Result<Option<(LivePointer, String)>, LoadError> {
        let known = self.followed().and_then(|followed| followed.etag);
        let objects = self.objects(&self.uri);
        let Some((json, etag)) = objects.fetch_changed(key, known.as_deref(), MAX_POINTER_BYTES).await?
        else {
            return Ok(None);
        };
        let pointer =
            LivePointer::parse(&json).map_err(|error| objects.wrong(key, &format!("is {error}")))?;
        *lock(&self.history) = Some(pointer.clone());
        Ok(Some((pointer, etag)))
    }

    /// Loads what the pointer points to; `None` if that is loaded already.
    async fn follow<T: Served>(&self, key: &str) -> Result<Option<T>, LoadError> {
        let Some((pointer, etag)) = self.changed_pointer(key).await? else {
            return Ok(None);
        };
        let Published { version, uri, manifest_sha256, .. } = pointer.live;
        let loaded = self.followed().and_then(|followed| followed.loaded);
        if loaded.as_ref() == Some(&version) {
            self.set_followed(Followed { etag: Some(etag), loaded });
            return Ok(None);
        }
        let uri: S3Uri = uri.parse().map_err(|error| self.wrong_pointer(key, &error))?;
        match T::fetch(self, &uri, &manifest_sha256).await {
            Ok(served) => {
                tracing::info!(version, uri = uri.to_string(), "{} loaded", T::NAME);
                if let Some(metrics) = &self.metrics {
                    served.record(metrics, &version);
                }
                self.set_followed(Followed { etag: Some(etag), loaded: Some(version) });
                Ok(Some(served))
            }
            Err(error) => {
                match error.reason {
                    LoadReason::Unreachable => {}
                    LoadReason::NotFound | LoadReason::AccessDenied => {
                        self.set_followed(Followed { etag: None, loaded });
                    }
                    // A wrong model stays wrong until the pointer moves, so it is not fetched again.
                    LoadReason::Invalid | LoadReason::InsufficientMemory => {
                        self.set_followed(Followed { etag: Some(etag), loaded });
                    }
                }
                Err(error)
            }
        }
    }

    async fn load_served<T: Served>(&self) -> Result<T, LoadError> {
        let S3Layout::Pointer(key) = &self.uri.layout else {
            return T::fetch_unpublished(self, &self.uri).await;
        };
        // Nothing is in memory, so what was followed before does not count.
        *lock(&self.followed) = None;
        match self.follow(key).await {
            Ok(Some(served)) => Ok(served),
            Ok(None) => Err(self.wrong_pointer(key, &"it has not changed")),
            Err(error) => match &self.until_published {
                Some(path) if self.nothing_is_published(&error) => {
                    tracing::info!(path = %path.display(), "no model is published yet; serving this one until then");
                    T::open(path).await
                }
                _ => Err(error),
            },
        }
    }

    /// Loads the model that has replaced the one that was loaded last; `None` if there is none.
    async fn reload_served<T: Served>(&self) -> Result<Option<T>, LoadError> {
        let S3Layout::Pointer(key) = &self.uri.layout else { return Ok(None) };
        match self.follow(key).await {
            // The local model stays until there is a pointer.
            Err(error) if self.until_published.is_some() && self.nothing_is_published(&error) => Ok(None),
            followed => followed,
        }
    }

    /// Whether there is no pointer. (If it points to a missing model, it was followed.)
    fn nothing_is_published(&self, error: &LoadError) -> bool {
        error.reason == LoadReason::NotFound && self.followed().is_none()
    }

    /// Loads the model at `uri`. The SHA-256 of its manifest must be `manifest_sha256`, if that is given; it is returned.
    async fn fetch_model(
        &self,
        uri: &S3Uri,
        manifest_sha256: Option<&str>,
    ) -> Result<(Model, String), LoadError> {
        let objects = self.objects(uri);
        match &uri.layout {
            S3Layout::Prefix(prefix) => Box::pin(self.fetch_files(&objects, prefix, manifest_sha256)).await,
            S3Layout::Archive(key) => Box::pin(self.fetch_archive(&objects, key, manifest_sha256)).await,
            S3Layout::Pointer(key) => Err(objects.wrong(key, "is a pointer to a pointer")),
        }
    }

    /// Loads the files in parallel. The first range of each is requested before the manifest says how long it is.
    async fn fetch_files(
        &self,
        objects: &Objects,
        prefix: &str,
        manifest_sha256: Option<&str>,
    ) -> Result<(Model, String), LoadError> {
        let open = |file: &str| objects.open(format!("{prefix}{file}"));
        let manifest = async { open(MANIFEST_FILE).await?.at_most(MAX_MANIFEST_BYTES)?.read().await };
        let (json, model, movies) = try_join3(manifest, open(MODEL_FILE), open(MOVIES_FILE)).await?;
        let found = sha256_hex(&json);
        expect_manifest(manifest_sha256, &found)?;
        let manifest = Manifest::parse(&json)?;
        self.memory.check(&format!("model {}", manifest.version), needed_bytes(&manifest))?;
        let (expected_model, expected_movies) = (manifest.expect_model()?, manifest.expect_movies()?);

        let tensors = async {
            let (model, manifest) = (model.read_expected(expected_model).await?, manifest.clone());
            in_thread(move || Tensors::parse(model, &manifest)).await?.map_err(LoadError::from)
        };
        let catalogue = async {
            let movies = movies.read_expected(expected_movies).await?;
            let parsed = in_thread(move || Catalogue::parse(movies.bytes())).await?;
            parsed.map_err(|error| ArtifactError::from(error).into())
        };
        let users = async {
            if !manifest.has_users_file() {
                return Ok(UserSource::Tensors);
            }
            let (key, length) = (format!("{prefix}{USERS_FILE}"), manifest.digest(USERS_FILE)?.length);
            let users = S3Users::open(objects.clone(), key, length).await?;
            Ok(UserSource::Remote(Box::new(users)))
        };
        let (tensors, catalogue, users) = Box::pin(try_join3(tensors, catalogue, users)).await?;
        Ok((Model::from_parts(manifest, tensors, catalogue, users)?, found))
    }

    async fn fetch_archive(
        &self,
        objects: &Objects,
        key: &str,
        manifest_sha256: Option<&str>,
    ) -> Result<(Model, String), LoadError> {
        let archive = objects.open(key.to_owned()).await?.at_most(MAX_MODEL_BYTES)?;
        self.memory.check(&format!("the archive {key}"), archive.length())?;
        let archive = archive.read().await?;
        let (memory, name) = (self.memory, key.to_owned());
        let unpack = move || read_archive_within(archive.as_slice(), memory.left());
        let files = in_thread(unpack).await?.map_err(|error| match error {
            ArtifactError::TooLarge { file, length, .. } if length > memory.left() => {
                let what = format!("{file} in the archive {name}");
                memory.check(&what, length).err().unwrap_or_else(|| error.into())
            }
            error => error.into(),
        })?;
        let found = files.manifest_sha256.clone();
        expect_manifest(manifest_sha256, &found)?;
        Ok((in_thread(move || Model::from_files(files)).await??, found))
    }

    /// Loads the `movies.csv` under the prefix, which does not need to have a model beside it, or that of an archive.
    async fn fetch_catalogue(&self, uri: &S3Uri) -> Result<Catalogue, LoadError> {
        let objects = self.objects(uri);
        let movies = match &uri.layout {
            S3Layout::Prefix(prefix) => {
                let movies = objects.open(format!("{prefix}{MOVIES_FILE}")).await?;
                self.memory.check("the catalogue", movies.length().saturating_mul(2))?;
                movies.at_most(MAX_MOVIES_BYTES)?.read().await?
            }
            S3Layout::Archive(key) => {
                let archive = objects.fetch(key, MAX_MODEL_BYTES).await?;
                read_archive_within(archive.as_slice(), self.memory.left())?.movies.bytes().to_vec()
            }
            S3Layout::Pointer(key) => return Err(objects.wrong(key, "is a pointer to a pointer")),
        };
        Ok(Catalogue::parse(&movies).map_err(ArtifactError::from)?)
    }

    async fn in_time<T>(&self, fetching: impl Future<Output = Result<T, LoadError>>) -> Result<T, LoadError> {
        tokio::time::timeout(LOAD_TIMEOUT, fetching).await.unwrap_or_else(|_| {
            let detail = format!("{} could not be read within {} s", self.uri, LOAD_TIMEOUT.as_secs());
            Err(LoadError { reason: LoadReason::Unreachable, detail })
        })
    }

    fn objects(&self, uri: &S3Uri) -> Objects {
        Objects { client: self.client.clone(), bucket: uri.bucket.clone() }
    }

    fn wrong_pointer(&self, key: &str, problem: &impl ToString) -> LoadError {
        self.objects(&self.uri).wrong(key, &format!("cannot be followed: {}", problem.to_string()))
    }

    fn followed(&self) -> Option<Followed> {
        lock(&self.followed).clone()
    }

    fn set_followed(&self, followed: Followed) {
        *lock(&self.followed) = Some(followed);
    }
}

/// What a function keeps in memory of a model: all of it, or only its catalogue.
trait Served: Sized + Send {
    /// Its name in the log.
    const NAME: &str;

    /// Fetches it from a published artifact. If its manifest is read, it must have this SHA-256.
    async fn fetch(source: &S3Source, uri: &S3Uri, manifest_sha256: &str) -> Result<Self, LoadError>;

    /// Fetches it from an artifact that was not found by a pointer.
    async fn fetch_unpublished(source: &S3Source, uri: &S3Uri) -> Result<Self, LoadError>;

    /// Reads it from a local path.
    async fn open(path: &Path) -> Result<Self, LoadError>;

    /// Records its version and age, if it knows them.
    fn record(&self, _metrics: &ServingMetrics, _version: &str) {}
}

impl Served for Model {
    const NAME: &str = "model";

    async fn fetch(source: &S3Source, uri: &S3Uri, manifest_sha256: &str) -> Result<Self, LoadError> {
        Ok(source.fetch_model(uri, Some(manifest_sha256)).await?.0)
    }

    async fn fetch_unpublished(source: &S3Source, uri: &S3Uri) -> Result<Self, LoadError> {
        Ok(source.fetch_model(uri, None).await?.0)
    }

    async fn open(path: &Path) -> Result<Self, LoadError> {
        PathSource(path.to_owned()).load().await
    }

    fn record(&self, metrics: &ServingMetrics, version: &str) {
        metrics.set_live_version(version, Figures::of(self.manifest()));
    }
}

/// The endpoint has the model, so the titles do not need a manifest beside them.
impl Served for Catalogue {
    const NAME: &str = "titles";

    async fn fetch(source: &S3Source, uri: &S3Uri, _manifest_sha256: &str) -> Result<Self, LoadError> {
        source.fetch_catalogue(uri).await
    }

    async fn fetch_unpublished(source: &S3Source, uri: &S3Uri) -> Result<Self, LoadError> {
        source.fetch_catalogue(uri).await
    }

    async fn open(path: &Path) -> Result<Self, LoadError> {
        PathSource(path.to_owned()).load().await
    }
}

impl Source<Model> for S3Source {
    fn load(&self) -> LoadFuture<'_, Model> {
        Box::pin(self.in_time(self.load_served()))
    }

    fn reload(&self) -> LoadFuture<'_, Option<Model>> {
        Box::pin(self.in_time(self.reload_served()))
    }

    fn history(&self) -> Option<LivePointer> {
        lock(&self.history).clone()
    }
}

impl Source<Catalogue> for S3Source {
    fn load(&self) -> LoadFuture<'_, Catalogue> {
        Box::pin(self.in_time(self.load_served()))
    }

    fn reload(&self) -> LoadFuture<'_, Option<Catalogue>> {
        Box::pin(self.in_time(self.reload_served()))
    }

    fn history(&self) -> Option<LivePointer> {
        lock(&self.history).clone()
    }
}

/// Refuses a manifest that has changed since it was published.
fn expect_manifest(expected: Option<&str>, found: &str) -> Result<(), LoadError> {
    if expected.is_none_or(|expected| expected == found) {
        return Ok(());
    }
    let detail = "manifest.json has changed since the model was published".to_owned();
    Err(LoadError { reason: LoadReason::Invalid, detail })
}
