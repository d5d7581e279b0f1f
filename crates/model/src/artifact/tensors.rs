//! `model.safetensors`: the tensors of a model, used without copying them.

use std::ops::Range;

use bytemuck::Pod;
use half::f16;
use ndarray::{ArrayView1, ArrayView2};
use safetensors::tensor::{Metadata, TensorInfo};
use safetensors::{Dtype, SafeTensors};

use super::{AlignedBuffer, ArtifactError, Counts, Manifest, Verified};
use crate::ranking::{Columns, MOST_NARROW, RankingHead, RankingMethod, RankingView};
use crate::{FactorsView, IdTable, UserPriorView, UserRow};

/// The longest header that is read. This release writes about 1,500 bytes.
const MAX_HEADER_BYTES: u64 = 1 << 16;

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
    places: Places,
}

/// The position of each tensor, in bytes from the start of the file.
#[derive(Debug)]
struct Places {
    user_biases: Range<usize>,
    movie_biases: Range<usize>,
    user_factors: Range<usize>,
    movie_factors: Range<usize>,
    user_ids: Range<usize>,
    user_id_offsets: Range<usize>,
    movie_ids: Range<usize>,
    movie_id_offsets: Range<usize>,
    movie_rating_counts: Range<usize>,
    rated_offsets: Range<usize>,
    rated_movies: Range<usize>,
    rated_values: Range<usize>,
    user_prior: Option<[Range<usize>; 2]>,
    ranking: Option<RankingPlaces>,
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
        let layout = Layout::parse(&buffer, manifest.counts, manifest.ranking_head.as_ref())?;
        Ok(Self { buffer, layout })
    }

    /// The counts that the tensors were checked against.
    pub(crate) fn counts(&self) -> Counts {
        self.layout.counts
    }

    /// Biases and factors.
    pub(crate) fn factors(&self) -> FactorsView<'_> {
        FactorsView {
            mean: self.layout.mean,
            user_biases: ArrayView1::from(self.numbers(&self.layout.places.user_biases)),
            movie_biases: ArrayView1::from(self.numbers(&self.layout.places.movie_biases)),
            user_factors: self.matrix(&self.layout.places.user_factors, self.layout.counts.users),
            movie_factors: self.matrix(&self.layout.places.movie_factors, self.layout.counts.movies),
        }
    }

    /// The ids of the users, by row.
    pub(crate) fn user_ids(&self) -> IdTable<'_> {
        IdTable::trusted(
            self.numbers(&self.layout.places.user_ids),
            self.numbers(&self.layout.places.user_id_offsets),
        )
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

    /// The rows of the movies that a user rated, ascending, and the ratings.
    pub(crate) fn rated(&self, user: UserRow) -> (&[u32], &[f32]) {
        let offsets: &[u32] = self.numbers(&self.layout.places.rated_offsets);
        let range = offsets[user.index()] as usize..offsets[user.index() + 1] as usize;
        let movies: &[u32] = self.numbers(&self.layout.places.rated_movies);
        let values: &[f32] = self.numbers(&self.layout.places.rated_values);
        (&movies[range.clone()], &values[range])
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
                movies: match self.layout.counts.movies as usize {
                    0..=MOST_NARROW => Columns::Narrow(self.numbers(movies)),
                    _ => Columns::Wide(self.numbers(movies)),
                },
                weights: self.numbers(weights),
            },
            RankingPlaces::Ials { factors, gram, rank } => RankingView::Ials {
                factors: self.shaped(factors, self.layout.counts.movies as usize, *rank),
                gram: self.shaped(gram, *rank, *rank),
            },
        })
    }

    /// The numbers in a range that [`Layout::parse`] has checked.
    #[expect(clippy::expect_used, reason = "parse has checked bounds and alignment of every place")]
    fn numbers<T: Pod>(&self, place: &Range<usize>) -> &[T] {
        self.buffer.numbers(place.clone()).expect("a checked place")
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
    fn parse(
        buffer: &AlignedBuffer,
        counts: Counts,
        head: Option<&RankingHead>,
    ) -> Result<Self, ArtifactError> {
        let mut header = Header::read(buffer.bytes())?;
        let (users, movies) = (counts.users as usize, counts.movies as usize);
        let ratings = counts.ratings as usize;
        let rank = header.columns("movie_factors")?;
        let mean = header.take("mean", Dtype::F32, &[1])?;
        let places = Places {
            user_biases: header.take("user_biases", Dtype::F32, &[users])?,
            movie_biases: header.take("movie_biases", Dtype::F32, &[movies])?,
            user_factors: header.take("user_factors", Dtype::F32, &[users, rank])?,
            movie_factors: header.take("movie_factors", Dtype::F32, &[movies, rank])?,
            user_ids: header.take_bytes("user_ids")?,
            user_id_offsets: header.take("user_id_offsets", Dtype::U32, &[users + 1])?,
            movie_ids: header.take_bytes("movie_ids")?,
            movie_id_offsets: header.take("movie_id_offsets", Dtype::U32, &[movies + 1])?,
            movie_rating_counts: header.take("movie_rating_counts", Dtype::U32, &[movies])?,
            rated_offsets: header.take("rated_offsets", Dtype::U32, &[users + 1])?,
            rated_movies: header.take("rated_movies", Dtype::U32, &[ratings])?,
            rated_values: header.take("rated_values", Dtype::F32, &[ratings])?,
            user_prior: header.take_user_prior(rank)?,
            ranking: head.map(|head| header.take_ranking(head.method, movies)).transpose()?,
        };
        header.expect_no_more()?;
        let mean = finite(buffer, "mean", &mean)?[0];
        let layout = Self { counts, mean, rank, places };
        layout.check_numbers(buffer)?;
        layout.check_ids(buffer)?;
        layout.check_ratings(buffer)?;
        layout.check_ranking(buffer)?;
        Ok(layout)
    }

    fn check_numbers(&self, buffer: &AlignedBuffer) -> Result<(), ArtifactError> {
        let places = &self.places;
        for (name, place) in [
            ("user_biases", &places.user_biases),
            ("movie_biases", &places.movie_biases),
            ("user_factors", &places.user_factors),
            ("movie_factors", &places.movie_factors),
            ("rated_values", &places.rated_values),
        ] {
            finite::<f32>(buffer, name, place)?;
        }
        if let Some([mean, precision]) = &places.user_prior {
            finite::<f32>(buffer, "user_prior_mean", mean)?;
            finite::<f32>(buffer, "user_prior_precision", precision)?;
        }
        Ok(())
    }

    fn check_ids(&self, buffer: &AlignedBuffer) -> Result<(), ArtifactError> {
        let places = &self.places;
        for (name, bytes, offsets) in [
            ("user_ids", &places.user_ids, &places.user_id_offsets),
            ("movie_ids", &places.movie_ids, &places.movie_id_offsets),
        ] {
            let (bytes, offsets) = (numbers(buffer, name, bytes)?, numbers(buffer, name, offsets)?);
            IdTable::checked(bytes, offsets).map_err(|error| ArtifactError::ids(name, error))?;
        }
        Ok(())
    }

    fn check_ratings(&self, buffer: &AlignedBuffer) -> Result<(), ArtifactError> {
        let counts = self.counts;
        let offsets: &[u32] = numbers(buffer, "rated_offsets", &self.places.rated_offsets)?;
        let movies: &[u32] = numbers(buffer, "rated_movies", &self.places.rated_movies)?;
        check_sparse_rows(("rated_offsets", offsets), ("rated_movies", movies), counts.movies)?;
        let rating_counts: &[u32] = numbers(buffer, "movie_rating_counts", &self.places.movie_rating_counts)?;
        let total: u64 = rating_counts.iter().map(|&count| u64::from(count)).sum();
        let rated = rating_counts.iter().filter(|&&count| count > 0).count();
        if total != u64::from(counts.ratings) || rated != counts.rated_movies as usize {
            let problem = "the counts do not sum to those of the manifest";
            return Err(ArtifactError::tensor("movie_rating_counts", problem));
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

/// Checks that offsets run from 0 to the end, and that the columns of each row are distinct, ascending and fewer
/// than `limit`.
fn check_sparse_rows(
    (offsets_name, offsets): (&'static str, &[u32]),
    (columns_name, columns): (&'static str, &[impl Copy + PartialOrd + Into<u32>]),
    limit: u32,
) -> Result<(), ArtifactError> {
    let ends = offsets.first() == Some(&0) && offsets.last().map(|&end| end as usize) == Some(columns.len());
    if !ends || !offsets.is_sorted() {
        return Err(ArtifactError::tensor(
            offsets_name,
            "offsets do not run from 0 to the number of entries",
        ));
    }
    for row in offsets.windows(2) {
        let row = &columns[row[0] as usize..row[1] as usize];
        let descents = row.windows(2).filter(|pair| pair[0] >= pair[1]).count();
        if descents > 0 || row.last().is_some_and(|&column| column.into() >= limit) {
            return Err(ArtifactError::tensor(
                columns_name,
                "the movies of a row are not distinct ascending rows",
            ));
        }
    }
    Ok(())
}

/// The header of the file. Entries are removed from it one by one.
struct Header {
    metadata: Metadata,
    /// Where the data section starts in the file.
    data_start: usize,
    taken: usize,
}

impl Header {
    fn read(file: &[u8]) -> Result<Self, ArtifactError> {
        let claimed = file.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        if let Some(length) = claimed.filter(|&length| length > MAX_HEADER_BYTES) {
            let problem = format!("the header claims {length} bytes, more than {MAX_HEADER_BYTES}");
            return Err(ArtifactError::Tensors(problem));
        }
        // This checks that the tensors lie end to end, without overlap, and fill the file exactly.
        let (length, metadata) =
            SafeTensors::read_metadata(file).map_err(|error| ArtifactError::Tensors(error.to_string()))?;
        Ok(Self { metadata, data_start: size_of::<u64>() + length, taken: 0 })
    }

    /// The number of columns of a matrix.
    fn columns(&self, name: &'static str) -> Result<usize, ArtifactError> {
        let columns = self.info(name)?.shape.get(1).copied();
        columns.ok_or_else(|| ArtifactError::tensor(name, "is not a matrix"))
    }

    fn take(
        &mut self,
        name: &'static str,
        dtype: Dtype,
        shape: &[usize],
    ) -> Result<Range<usize>, ArtifactError> {
        let tensor = self.info(name)?;
        if tensor.dtype != dtype || tensor.shape != shape {
            let problem = format!("is {:?} {:?}, expected {dtype:?} {shape:?}", tensor.dtype, tensor.shape);
            return Err(ArtifactError::tensor(name, problem));
        }
        let (start, end) = tensor.data_offsets;
        self.taken += 1;
        Ok(self.data_start + start..self.data_start + end)
    }

    /// The mean and precision of the user prior: both or neither.
    fn take_user_prior(&mut self, rank: usize) -> Result<Option<[Range<usize>; 2]>, ArtifactError> {
        if self.metadata.info("user_prior_mean").is_none() {
            return Ok(None);
        }
        let mean = self.take("user_prior_mean", Dtype::F32, &[rank + 1])?;
        let precision = self.take("user_prior_precision", Dtype::F32, &[rank + 1, rank + 1])?;
        Ok(Some([mean, precision]))
    }

    /// The weights of a ranking head that was learned by `method`.
    fn take_ranking(&mut self, method: RankingMethod, movies: usize) -> Result<RankingPlaces, ArtifactError> {
        Ok(match method {
            RankingMethod::Ease { .. } => {
                let columns = if movies <= MOST_NARROW { Dtype::U16 } else { Dtype::U32 };
                let entries = self.info("ranking_movies")?.shape.first().copied().unwrap_or(0);
                RankingPlaces::Ease {
                    offsets: self.take("ranking_offsets", Dtype::U32, &[movies + 1])?,
                    movies: self.take("ranking_movies", columns, &[entries])?,
                    weights: self.take("ranking_weights", Dtype::F16, &[entries])?,
                }
            }
            RankingMethod::Ials { rank, .. } => {
                let rank = rank as usize;
                RankingPlaces::Ials {
                    factors: self.take("ranking_factors", Dtype::F32, &[movies, rank])?,
                    gram: self.take("ranking_gram", Dtype::F32, &[rank, rank])?,
                    rank,
                }
            }
        })
    }

    fn take_bytes(&mut self, name: &'static str) -> Result<Range<usize>, ArtifactError> {
        let (start, end) = self.info(name)?.data_offsets;
        self.take(name, Dtype::U8, &[end - start])
    }

    /// Rejects unknown tensors. A later format that has more of them must have another version.
    fn expect_no_more(&self) -> Result<(), ArtifactError> {
        if self.metadata.offset_keys().len() == self.taken {
            Ok(())
        } else {
            Err(ArtifactError::Tensors("there are tensors that this format version does not have".to_owned()))
        }
    }

    fn info(&self, name: &'static str) -> Result<&TensorInfo, ArtifactError> {
        self.metadata.info(name).ok_or_else(|| ArtifactError::tensor(name, "is missing"))
    }
}

fn numbers<'a, T: Pod>(
    buffer: &'a AlignedBuffer,
    name: &'static str,
    place: &Range<usize>,
) -> Result<&'a [T], ArtifactError> {
    buffer.numbers(place.clone()).ok_or_else(|| ArtifactError::tensor(name, "is not aligned to its numbers"))
}

/// A number that may not be finite.
trait Float: Pod {
    fn is_finite(self) -> bool;
}

impl Float for f32 {
    fn is_finite(self) -> bool {
        self.is_finite()
    }
}

impl Float for f16 {
    fn is_finite(self) -> bool {
        self.is_finite()
    }
}

fn finite<'a, T: Float>(
    buffer: &'a AlignedBuffer,
    name: &'static str,
    place: &Range<usize>,
) -> Result<&'a [T], ArtifactError> {
    let numbers: &[T] = numbers(buffer, name, place)?;
    // Without an early exit the loop is vectorised.
    if numbers.iter().fold(true, |finite, &number| finite & number.is_finite()) {
        Ok(numbers)
    } else {
        Err(ArtifactError::tensor(name, "holds a number that is not finite"))
    }
}
