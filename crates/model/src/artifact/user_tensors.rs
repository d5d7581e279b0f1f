//! The tensors of users: of all of them in `model.safetensors`, or of a few in a block of `users.bin`.

use std::ops::Range;

use ndarray::ArrayView2;
use safetensors::Dtype;

use super::checks::{check_sparse_rows, finite, numbers};
use super::header::Header;
use super::{AlignedBuffer, ArtifactError, Manifest, rated_order};
use crate::ranking::{Columns, MOST_NARROW};
use crate::{IdTable, MovieRow, Rated, RatedMovies, TrainedUser, UserRow, UserVector};

/// What users have in common with the rest of their model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UserShape {
    /// The number of movies.
    pub(super) movies: u32,
    /// The length of the factors.
    pub(super) rank: usize,
    /// Whether the order of the ratings must be there. It may be there in any case.
    pub(super) is_ordered: bool,
}

/// The position of each tensor, in bytes from the start of the file.
#[derive(Debug)]
pub(super) struct UserPlaces {
    shape: UserShape,
    users: usize,
    biases: Range<usize>,
    factors: Range<usize>,
    ids: Range<usize>,
    id_offsets: Range<usize>,
    rated_offsets: Range<usize>,
    rated_movies: Range<usize>,
    rated_values: Range<usize>,
    rated_order: Option<Range<usize>>,
}

/// Users in the file that [`UserPlaces`] describes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UserTensors<'a> {
    buffer: &'a AlignedBuffer,
    places: &'a UserPlaces,
}

impl UserShape {
    pub(super) fn new(manifest: &Manifest, rank: usize) -> Self {
        let is_ordered = manifest.ranking_head.as_ref().is_some_and(|head| head.recency.is_some());
        Self { movies: manifest.counts.movies, rank, is_ordered }
    }

    /// Whether movie rows, and so the positions of ratings, fit into two bytes.
    fn has_narrow_rows(self) -> bool {
        self.movies as usize <= MOST_NARROW
    }
}

impl UserPlaces {
    /// Takes the tensors of `users` users with `ratings` ratings.
    pub(super) fn take(
        header: &mut Header,
        shape: UserShape,
        users: usize,
        ratings: usize,
    ) -> Result<Self, ArtifactError> {
        Ok(Self {
            shape,
            users,
            biases: header.take("user_biases", Dtype::F32, &[users])?,
            factors: header.take("user_factors", Dtype::F32, &[users, shape.rank])?,
            ids: header.take_bytes("user_ids")?,
            id_offsets: header.take("user_id_offsets", Dtype::U32, &[users + 1])?,
            rated_offsets: header.take("rated_offsets", Dtype::U32, &[users + 1])?,
            rated_movies: header.take("rated_movies", Dtype::U32, &[ratings])?,
            rated_values: header.take("rated_values", Dtype::F32, &[ratings])?,
            rated_order: if shape.is_ordered || header.has("rated_order") {
                let positions = if shape.has_narrow_rows() { Dtype::U16 } else { Dtype::U32 };
                Some(header.take("rated_order", positions, &[ratings])?)
            } else {
                None
            },
        })
    }

    /// Checks everything that is relied on later.
    pub(super) fn check(&self, buffer: &AlignedBuffer) -> Result<(), ArtifactError> {
        finite::<f32>(buffer, "user_biases", &self.biases)?;
        finite::<f32>(buffer, "user_factors", &self.factors)?;
        finite::<f32>(buffer, "rated_values", &self.rated_values)?;
        let ids = numbers(buffer, "user_ids", &self.ids)?;
        let id_offsets = numbers(buffer, "user_id_offsets", &self.id_offsets)?;
        IdTable::checked(ids, id_offsets).map_err(|error| ArtifactError::ids("user_ids", error))?;
        let offsets: &[u32] = numbers(buffer, "rated_offsets", &self.rated_offsets)?;
        let movies: &[u32] = numbers(buffer, "rated_movies", &self.rated_movies)?;
        check_sparse_rows(("rated_offsets", offsets), ("rated_movies", movies), self.shape.movies)?;
        let Some(order) = &self.rated_order else { return Ok(()) };
        let order = if self.shape.has_narrow_rows() {
            Columns::Narrow(numbers(buffer, "rated_order", order)?)
        } else {
            Columns::Wide(numbers(buffer, "rated_order", order)?)
        };
        rated_order::check(offsets, order)
    }

    /// The users in the file that was checked.
    pub(super) fn of<'a>(&'a self, buffer: &'a AlignedBuffer) -> UserTensors<'a> {
        UserTensors { buffer, places: self }
    }
}

impl<'a> UserTensors<'a> {
    /// The ids, by row.
    pub(crate) fn ids(self) -> IdTable<'a> {
        IdTable::trusted(self.buffer.checked(&self.places.ids), self.buffer.checked(&self.places.id_offsets))
    }

    /// `b_u`, by row.
    pub(crate) fn biases(self) -> &'a [f32] {
        self.buffer.checked(&self.places.biases)
    }

    /// `p_u`, users x rank.
    #[expect(clippy::expect_used, reason = "the shape was checked")]
    pub(crate) fn factors(self) -> ArrayView2<'a, f32> {
        let shape = (self.places.users, self.places.shape.rank);
        ArrayView2::from_shape(shape, self.buffer.checked(&self.places.factors)).expect("a checked shape")
    }

    /// The ratings of a user, by ascending movie rows.
    pub(crate) fn rated(self, user: UserRow) -> RatedMovies<'a> {
        let range = self.ratings_of(user);
        let movies: &[u32] = self.buffer.checked(&self.places.rated_movies);
        let values: &[f32] = self.buffer.checked(&self.places.rated_values);
        RatedMovies { movies: &movies[range.clone()], values: &values[range] }
    }

    /// Everything about a user.
    pub(crate) fn user(self, user: UserRow) -> TrainedUser {
        let RatedMovies { movies, values } = self.rated(user);
        let rated = movies.iter().zip(values);
        TrainedUser {
            vector: UserVector {
                bias: self.biases()[user.index()],
                factors: self.factors().row(user.index()).to_vec(),
            },
            rated: rated.map(|(&movie, &rating)| Rated { movie: MovieRow(movie), rating }).collect(),
            order: self.order(user).map(|order| order.iter().collect()),
        }
    }

    fn order(self, user: UserRow) -> Option<Columns<'a>> {
        let place = self.places.rated_order.as_ref()?;
        let order = if self.places.shape.has_narrow_rows() {
            Columns::Narrow(self.buffer.checked(place))
        } else {
            Columns::Wide(self.buffer.checked(place))
        };
        Some(order.slice(self.ratings_of(user)))
    }

    fn ratings_of(self, user: UserRow) -> Range<usize> {
        let offsets: &[u32] = self.buffer.checked(&self.places.rated_offsets);
        offsets[user.index()] as usize..offsets[user.index() + 1] as usize
    }
}
