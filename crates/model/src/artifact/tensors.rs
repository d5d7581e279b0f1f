//! `model.safetensors`: the tensors of a model, used without copying them.

use std::ops::Range;

use bytemuck::Pod;
use half::f16;
use ndarray::{ArrayView1, ArrayView2};
use safetensors::Dtype;

use super::checks::{check_sparse_rows, finite, numbers};
use super::header::Header;
use super::user_index::{IndexPlaces, UserIndex};
use super::user_tensors::{UserPlaces, UserShape, UserTensors};
use super::{AlignedBuffer, ArtifactError, Counts, Manifest, USERS_FILE, Verified};
use crate::ranking::{Columns, MOST_NARROW, RankingMethod, RankingView};
use crate::recommendation::{HISTOGRAM_STEPS, Histogram};
use crate::{FactorsView, IdTable, UserPriorView};

/// The tensors of a model: checked once, then zero-copy.
#[derive(Debug)]
pub struct Tensors {
    buffer: AlignedBuffer,
    layout: Layout,
}

/// The layout of the bytes of a file.
#[derive(Debug)]
struct Layout {
    counts: Counts,
    mean: f32,
    rank: usize,
    user_shape: UserShape,
    places: Places,
}

/// The position of each tensor, in bytes from the start of the file.
#[derive(Debug)]
struct Places {
    movie_biases: Range<usize>,
    movie_factors: Range<usize>,
    movie_ids: Range<usize>,
    movie_id_offsets: Range<usize>,
    movie_rating_counts: Range<usize>,
    users: UsersPlace,
    movie_spreads: Option<Range<usize>>,
    user_prior: Option<[Range<usize>; 2]>,
    ranking: Option<RankingPlaces>,
}

/// Where the users are.
#[derive(Debug)]
enum UsersPlace {
    /// In this file.
    Here(UserPlaces),
    /// In `users.bin`. This file has its index, and the histograms of the ratings, which need all users.
    Blocks { index: IndexPlaces, histograms: Range<usize> },
}

/// The positions of the weights of the ranking head.
#[derive(Debug)]
enum RankingPlaces {
    Ease { offsets: Range<usize>, movies: Range<usize>, weights: Range<usize> },
    Ials { factors: Range<usize>, gram: Range<usize>, rank: usize },
}

impl Tensors {
    /// Checks everything in a `model.safetensors` that is relied on later: names, types, shapes, the order of ids and rows,
    /// and that all numbers are finite.
    pub fn parse(file: Verified, manifest: &Manifest) -> Result<Self, ArtifactError> {
        let buffer = file.into_buffer();
        let layout = Layout::parse(&buffer, manifest)?;
        Ok(Self { buffer, layout })
    }

    /// The counts that the tensors were checked against.
    pub(crate) fn counts(&self) -> Counts {
        self.layout.counts
    }

    /// Biases and factors. Those of the users are empty if the users are in `users.bin`.
    pub(crate) fn factors(&self) -> FactorsView<'_> {
        let users = self.users();
        FactorsView {
            mean: self.layout.mean,
            user_biases: users.map_or(&[][..], UserTensors::biases).into(),
            movie_biases: ArrayView1::from(self.numbers(&self.layout.places.movie_biases)),
            user_factors: users.map_or_else(|| self.matrix(&(0..0), 0), UserTensors::factors),
            movie_factors: self.matrix(&self.layout.places.movie_factors, self.layout.counts.movies),
        }
    }

    /// The users, unless they are in `users.bin`.
    pub(crate) fn users(&self) -> Option<UserTensors<'_>> {
        match &self.layout.places.users {
            UsersPlace::Here(places) => Some(places.of(&self.buffer)),
            UsersPlace::Blocks { .. } => None,
        }
    }

    /// The index of `users.bin`, if the users are there.
    pub(crate) fn user_index(&self) -> Option<UserIndex<'_>> {
        match &self.layout.places.users {
            UsersPlace::Here(_) => None,
            UsersPlace::Blocks { index, .. } => Some(index.of(&self.buffer)),
        }
    }

    /// What a block of `users.bin` has in common with this file.
    pub(crate) fn user_shape(&self) -> UserShape {
        self.layout.user_shape
    }

    /// How often each movie got each rating, if the users are in `users.bin`.
    pub(crate) fn histograms(&self) -> Option<&[Histogram]> {
        match &self.layout.places.users {
            UsersPlace::Here(_) => None,
            UsersPlace::Blocks { histograms, .. } => Some(self.numbers(histograms)),
        }
    }

    /// The ids of the movies, by row.
    pub(crate) fn movie_ids(&self) -> IdTable<'_> {
        IdTable::trusted(
            self.numbers(&self.layout.places.movie_ids),
            self.numbers(&self.layout.places.movie_id_offsets),
        )
    }

    /// How many ratings each movie has, by row.
    pub(crate) fn movie_rating_counts(&self) -> &[u32] {
        self.numbers(&self.layout.places.movie_rating_counts)
    }

    /// How far the ratings of each movie spread, by row, if there is a calibration.
    pub(crate) fn movie_spreads(&self) -> Option<&[f32]> {
        Some(self.numbers(self.layout.places.movie_spreads.as_ref()?))
    }

    /// The prior of a user without ratings, if the artifact has one.
    pub(crate) fn user_prior(&self) -> Option<UserPriorView<'_>> {
        let [mean, precision] = self.layout.places.user_prior.as_ref()?;
        Some(UserPriorView { mean: self.numbers(mean), precision: self.numbers(precision) })
    }

    /// The weights of the ranking head, if there is one.
    pub(crate) fn ranking(&self) -> Option<RankingView<'_>> {
        Some(match self.layout.places.ranking.as_ref()? {
            RankingPlaces::Ease { offsets, movies, weights } => RankingView::Ease {
                offsets: self.numbers(offsets),
                movies: self.columns(movies),
                weights: self.numbers(weights),
            },
            RankingPlaces::Ials { factors, gram, rank } => RankingView::Ials {
                factors: self.shaped(factors, self.layout.counts.movies as usize, *rank),
                gram: self.shaped(gram, *rank, *rank),
            },
        })
    }

    /// The numbers in a range that [`Layout::parse`] has checked.
    fn numbers<T: Pod>(&self, place: &Range<usize>) -> &[T] {
        self.buffer.checked(place)
    }

    /// Movie rows, or as many as there can be of them.
    fn columns(&self, place: &Range<usize>) -> Columns<'_> {
        match self.layout.counts.movies as usize {
            0..=MOST_NARROW => Columns::Narrow(self.numbers(place)),
            _ => Columns::Wide(self.numbers(place)),
        }
    }

    fn matrix(&self, place: &Range<usize>, rows: u32) -> ArrayView2<'_, f32> {
        self.shaped(place, rows as usize, self.layout.rank)
    }

    #[expect(clippy::expect_used, reason = "parse has checked the shape of every matrix")]
    fn shaped(&self, place: &Range<usize>, rows: usize, columns: usize) -> ArrayView2<'_, f32> {
        ArrayView2::from_shape((rows, columns), self.numbers(place)).expect("a checked shape")
    }
}

impl Layout {
    fn parse(buffer: &AlignedBuffer, manifest: &Manifest) -> Result<Self, ArtifactError> {
        let (counts, head) = (manifest.counts, manifest.ranking_head.as_ref());
        let mut header = Header::read(buffer.bytes())?;
        let movies = counts.movies as usize;
        let rank = header.columns("movie_factors")?;
        let user_shape = UserShape::new(manifest, rank);
        let mean = header.take("mean", Dtype::F32, &[1])?;
        let places = Places {
            users: UsersPlace::take(&mut header, manifest, user_shape)?,
            movie_biases: header.take("movie_biases", Dtype::F32, &[movies])?,
            movie_factors: header.take("movie_factors", Dtype::F32, &[movies, rank])?,
            movie_ids: header.take_bytes("movie_ids")?,
            movie_id_offsets: header.take("movie_id_offsets", Dtype::U32, &[movies + 1])?,
            movie_rating_counts: header.take("movie_rating_counts", Dtype::U32, &[movies])?,
            movie_spreads: match manifest.calibration {
                None => None,
                Some(_) => Some(header.take("movie_spreads", Dtype::F32, &[movies])?),
            },
            user_prior: take_user_prior(&mut header, rank)?,
            ranking: head.map(|head| take_ranking(&mut header, head.method, movies)).transpose()?,
        };
        header.expect_no_more()?;
        let mean = finite(buffer, "mean", &mean)?[0];
        let layout = Self { counts, mean, rank, user_shape, places };
        layout.check_numbers(buffer)?;
        layout.check_movies(buffer)?;
        layout.check_users(buffer, manifest)?;
        layout.check_ranking(buffer)?;
        Ok(layout)
    }

    fn check_numbers(&self, buffer: &AlignedBuffer) -> Result<(), ArtifactError> {
        let places = &self.places;
        finite::<f32>(buffer, "movie_biases", &places.movie_biases)?;
        finite::<f32>(buffer, "movie_factors", &places.movie_factors)?;
        if let Some(spreads) = &places.movie_spreads {
            finite::<f32>(buffer, "movie_spreads", spreads)?;
        }
        if let Some([mean, precision]) = &places.user_prior {
            finite::<f32>(buffer, "user_prior_mean", mean)?;
            finite::<f32>(buffer, "user_prior_precision", precision)?;
        }
        Ok(())
    }

    fn check_movies(&self, buffer: &AlignedBuffer) -> Result<(), ArtifactError> {
        let (places, counts) = (&self.places, self.counts);
        let ids = numbers(buffer, "movie_ids", &places.movie_ids)?;
        let offsets = numbers(buffer, "movie_id_offsets", &places.movie_id_offsets)?;
        IdTable::checked(ids, offsets).map_err(|error| ArtifactError::ids("movie_ids", error))?;
        let rating_counts: &[u32] = numbers(buffer, "movie_rating_counts", &self.places.movie_rating_counts)?;
        let total: u64 = rating_counts.iter().map(|&count| u64::from(count)).sum();
        let rated = rating_counts.iter().filter(|&&count| count > 0).count();
        if total != u64::from(counts.ratings) || rated != counts.rated_movies as usize {
            let problem = "the counts do not sum to those of the manifest";
            return Err(ArtifactError::tensor("movie_rating_counts", problem));
        }
        Ok(())
    }

    fn check_users(&self, buffer: &AlignedBuffer, manifest: &Manifest) -> Result<(), ArtifactError> {
        let (index, histograms) = match &self.places.users {
            UsersPlace::Here(places) => return places.check(buffer),
            UsersPlace::Blocks { index, histograms } => (index, histograms),
        };
        index.check(buffer, manifest.digest(USERS_FILE)?, self.counts.users)?;
        let histograms: &[Histogram] = numbers(buffer, "movie_histograms", histograms)?;
        let rating_counts: &[u32] = numbers(buffer, "movie_rating_counts", &self.places.movie_rating_counts)?;
        let sum = |histogram: &Histogram| histogram.iter().map(|&count| u64::from(count)).sum::<u64>();
        if histograms.iter().map(sum).ne(rating_counts.iter().map(|&count| u64::from(count))) {
            let problem = "the histograms do not sum to the rating counts";
            return Err(ArtifactError::tensor("movie_histograms", problem));
        }
        Ok(())
    }

    fn check_ranking(&self, buffer: &AlignedBuffer) -> Result<(), ArtifactError> {
        match &self.places.ranking {
            None => {}
            Some(RankingPlaces::Ease { offsets, movies, weights }) => {
                let offsets = ("ranking_offsets", numbers(buffer, "ranking_offsets", offsets)?);
                let (name, limit) = ("ranking_movies", self.counts.movies);
                finite::<f16>(buffer, "ranking_weights", weights)?;
                if limit as usize <= MOST_NARROW {
                    check_sparse_rows(offsets, (name, numbers::<u16>(buffer, name, movies)?), limit)?;
                } else {
                    check_sparse_rows(offsets, (name, numbers::<u32>(buffer, name, movies)?), limit)?;
                }
            }
            Some(RankingPlaces::Ials { factors, gram, .. }) => {
                finite::<f32>(buffer, "ranking_factors", factors)?;
                finite::<f32>(buffer, "ranking_gram", gram)?;
            }
        }
        Ok(())
    }
}

impl UsersPlace {
    /// In this file, or in `users.bin` if the manifest lists that.
    fn take(header: &mut Header, manifest: &Manifest, shape: UserShape) -> Result<Self, ArtifactError> {
        let Counts { users, movies, ratings, .. } = manifest.counts;
        if !manifest.has_users_file() {
            let places = UserPlaces::take(header, shape, users as usize, ratings as usize)?;
            return Ok(Self::Here(places));
        }
        Ok(Self::Blocks {
            index: IndexPlaces::take(header)?,
            histograms: header.take("movie_histograms", Dtype::U32, &[movies as usize, HISTOGRAM_STEPS])?,
        })
    }
}

/// The mean and precision of the user prior: both or neither.
fn take_user_prior(header: &mut Header, rank: usize) -> Result<Option<[Range<usize>; 2]>, ArtifactError> {
    if !header.has("user_prior_mean") {
        return Ok(None);
    }
    let mean = header.take("user_prior_mean", Dtype::F32, &[rank + 1])?;
    let precision = header.take("user_prior_precision", Dtype::F32, &[rank + 1, rank + 1])?;
    Ok(Some([mean, precision]))
}

/// The weights of a ranking head that was learned by `method`.
fn take_ranking(
    header: &mut Header,
    method: RankingMethod,
    movies: usize,
) -> Result<RankingPlaces, ArtifactError> {
    Ok(match method {
        RankingMethod::Ease { .. } => {
            let columns = if movies <= MOST_NARROW { Dtype::U16 } else { Dtype::U32 };
            let entries = header.info("ranking_movies")?.shape.first().copied().unwrap_or(0);
            RankingPlaces::Ease {
                offsets: header.take("ranking_offsets", Dtype::U32, &[movies + 1])?,
                movies: header.take("ranking_movies", columns, &[entries])?,
                weights: header.take("ranking_weights", Dtype::F16, &[entries])?,
            }
        }
        RankingMethod::Ials { rank, .. } => {
            let rank = rank as usize;
            RankingPlaces::Ials {
                factors: header.take("ranking_factors", Dtype::F32, &[movies, rank])?,
                gram: header.take("ranking_gram", Dtype::F32, &[rank, rank])?,
                rank,
            }
        }
    })
}
