//! `model.safetensors`: which tensors there are, and their use in place.

use std::ops::Range;

use bytemuck::Pod;
use ndarray::{ArrayView1, ArrayView2};
use safetensors::tensor::{Metadata, TensorInfo};
use safetensors::{Dtype, SafeTensors};

use super::{AlignedBuffer, ArtifactError, Counts, MODEL_FILE, Manifest};
use crate::{FactorsView, IdTable, UserRow};

/// The longest header that is read. The one this release writes has about 1,500 bytes.
const MAX_HEADER_BYTES: u64 = 1 << 16;

/// The tensors of a model, checked once and then read where they lie.
#[derive(Debug)]
pub struct Tensors {
    buffer: AlignedBuffer,
    layout: Layout,
}

/// What the bytes of a file mean.
#[derive(Debug)]
struct Layout {
    counts: Counts,
    mean: f32,
    rank: usize,
    places: Places,
}

/// Where each tensor lies, in bytes from the start of the file.
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
}

impl Tensors {
    /// Checks `model.safetensors` against its manifest: length and SHA-256, and, side by side with that, all
    /// that later use relies on: names, types, shapes, order of ids and rows, and that all numbers are finite.
    pub fn verified(buffer: AlignedBuffer, manifest: &Manifest) -> Result<Self, ArtifactError> {
        let (sum, layout) = std::thread::scope(|scope| {
            let layout = scope.spawn(|| Layout::parse(&buffer, manifest.counts));
            let sum = manifest.verify(MODEL_FILE, buffer.bytes());
            (sum, layout.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        // What is damaged is told as such, whatever else is wrong with it.
        sum?;
        Ok(Self { layout: layout?, buffer })
    }

    /// What the tensors were checked against.
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

    /// The numbers at a place that [`Layout::parse`] has checked.
    #[expect(clippy::expect_used, reason = "parse has checked bounds and alignment of every place")]
    fn numbers<T: Pod>(&self, place: &Range<usize>) -> &[T] {
        self.buffer.numbers(place.clone()).expect("a checked place")
    }

    #[expect(clippy::expect_used, reason = "parse has checked the shape of every matrix")]
    fn matrix(&self, place: &Range<usize>, rows: u32) -> ArrayView2<'_, f32> {
        ArrayView2::from_shape((rows as usize, self.layout.rank), self.numbers(place))
            .expect("a checked shape")
    }
}

impl Layout {
    fn parse(buffer: &AlignedBuffer, counts: Counts) -> Result<Self, ArtifactError> {
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
        };
        header.expect_no_more()?;
        let mean = finite(buffer, "mean", &mean)?[0];
        let layout = Self { counts, mean, rank, places };
        layout.check_numbers(buffer)?;
        layout.check_ids(buffer)?;
        layout.check_ratings(buffer)?;
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
            finite(buffer, name, place)?;
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
        let wrong = |name, problem: &str| Err(ArtifactError::tensor(name, problem));
        if offsets.first() != Some(&0) || offsets.last() != Some(&counts.ratings) || !offsets.is_sorted() {
            return wrong("rated_offsets", "offsets do not run from 0 to the number of ratings");
        }
        for user in offsets.windows(2) {
            let row = &movies[user[0] as usize..user[1] as usize];
            if !row.is_sorted_by(|a, b| a < b) || row.last().is_some_and(|&movie| movie >= counts.movies) {
                return wrong("rated_movies", "a user's movies are not distinct ascending rows");
            }
        }
        let rating_counts: &[u32] = numbers(buffer, "movie_rating_counts", &self.places.movie_rating_counts)?;
        let total: u64 = rating_counts.iter().map(|&count| u64::from(count)).sum();
        let rated = rating_counts.iter().filter(|&&count| count > 0).count();
        if total != u64::from(counts.ratings) || rated != counts.rated_movies as usize {
            return wrong("movie_rating_counts", "the counts do not sum to those of the manifest");
        }
        Ok(())
    }
}

/// The header of the file; entries are taken out of it one by one.
struct Header {
    metadata: Metadata,
    /// Where the data begin in the file.
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

    fn take_bytes(&mut self, name: &'static str) -> Result<Range<usize>, ArtifactError> {
        let (start, end) = self.info(name)?.data_offsets;
        self.take(name, Dtype::U8, &[end - start])
    }

    /// A tensor that this release does not know would be left unused: a later format says so instead.
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

fn finite<'a>(
    buffer: &'a AlignedBuffer,
    name: &'static str,
    place: &Range<usize>,
) -> Result<&'a [f32], ArtifactError> {
    let numbers: &[f32] = numbers(buffer, name, place)?;
    if numbers.iter().all(|number| number.is_finite()) {
        Ok(numbers)
    } else {
        Err(ArtifactError::tensor(name, "holds a number that is not finite"))
    }
}
