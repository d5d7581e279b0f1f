//! Writes users: all of them as tensors of `model.safetensors`, or in blocks to `users.bin`.

use std::ops::Range;

use safetensors::Dtype;
use sha2::{Digest, Sha256};

use super::user_index::SUM;
use super::writer::{NewArtifact, NewTensor, narrowed, numbers, safetensors};
use super::{ArtifactError, FileDigest, MAX_BLOCK_BYTES, USERS_FILE};
use crate::Ids;
use crate::ranking::MOST_NARROW;
use crate::recommendation::{HISTOGRAM_STEPS, Histogram, add_to_histogram};

/// A model whose users take more than this many bytes gets a `users.bin`: 512 MiB. Two models with fewer, which is what a
/// function has in memory while it replaces one, fit into 1,769 MB, the memory with which it has a whole processor.
pub const USERS_FILE_ABOVE: u64 = 512 << 20;
/// How long a block is, unless a single user is longer. It is one read; half of it is transferred in vain on average.
const BLOCK_BYTES: u64 = 64 << 10;
/// The header of a block.
const HEADER_BYTES: u64 = 700;

/// Whether a model has a `users.bin`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UsersFile {
    /// If its users take more than [`USERS_FILE_ABOVE`] bytes.
    #[default]
    Auto,
    /// However few users there are.
    Always,
    /// However many users there are.
    Never,
}

/// A `users.bin` that was written, and what `model.safetensors` says of it.
pub(super) struct UserFile {
    pub(super) digest: FileDigest,
    first_ids: Ids,
    offsets: Vec<u64>,
    sums: Vec<[u8; SUM]>,
    histograms: Vec<Histogram>,
}

/// Some users, in the form in which they are written.
pub(super) struct NewUsers<'a> {
    biases: &'a [u8],
    factors: &'a [u8],
    rank: usize,
    ids: &'a [u8],
    id_offsets: Vec<u32>,
    rated_offsets: Vec<u32>,
    rated_movies: &'a [u32],
    rated_values: &'a [f32],
    order: Option<NewOrder<'a>>,
}

/// Positions of ratings.
enum NewOrder<'a> {
    Narrow(Vec<u16>),
    Wide(&'a [u32]),
}

impl NewArtifact<'_> {
    /// Whether the users are written to `users.bin`.
    pub(super) fn has_users_file(&self, choice: UsersFile) -> bool {
        match choice {
            UsersFile::Always => true,
            UsersFile::Never => false,
            UsersFile::Auto => {
                (0..self.user_ids.table().len()).map(|user| self.length_of(user)).sum::<u64>()
                    > USERS_FILE_ABOVE
            }
        }
    }

    /// Gives the blocks of `users.bin` to `write`, one after the other, and describes them.
    pub(super) fn write_users(
        &self,
        mut write: impl FnMut(&[u8]) -> Result<(), ArtifactError>,
    ) -> Result<UserFile, ArtifactError> {
        let ids = self.user_ids.table();
        let (mut offsets, mut sums, mut whole) = (vec![0], Vec::new(), Sha256::new());
        let (mut end, mut first_ids) = (0, Vec::new());
        for users in self.blocks() {
            first_ids.push(ids.id(users.start));
            let block = safetensors(self.users(users).tensors())?;
            let length = block.len() as u64;
            if length > MAX_BLOCK_BYTES {
                return Err(ArtifactError::TooLarge { file: USERS_FILE, length, limit: MAX_BLOCK_BYTES });
            }
            write(&block)?;
            whole.update(&block);
            sums.push(Sha256::digest(&block).into());
            end += length;
            offsets.push(end);
        }
        let digest = FileDigest { length: end, sha256: hex::encode(whole.finalize()), chunks: None };
        Ok(UserFile { digest, first_ids: Ids::new(first_ids), offsets, sums, histograms: self.histograms() })
    }

    /// Cuts the users into blocks.
    fn blocks(&self) -> impl Iterator<Item = Range<usize>> {
        let count = self.user_ids.table().len();
        let mut start = 0;
        std::iter::from_fn(move || {
            let mut length = HEADER_BYTES;
            let fits = |&user: &usize| {
                length += self.length_of(user);
                length <= BLOCK_BYTES
            };
            let fitting = (start..count).take_while(fits).count();
            let block = start..count.min(start + fitting.max(1));
            start = block.end;
            (!block.is_empty()).then_some(block)
        })
    }

    /// How many bytes a user takes.
    fn length_of(&self, user: usize) -> u64 {
        let id = self.user_ids.table().id(user).len();
        let ratings = self.rated_offsets.get(user + 1).zip(self.rated_offsets.get(user));
        let ratings = ratings.map_or(0, |(end, start)| end.saturating_sub(*start));
        let order = match self.rated_order {
            None => 0,
            Some(_) if self.has_narrow_rows() => size_of::<u16>(),
            Some(_) => size_of::<u32>(),
        };
        let rating = (size_of::<u32>() + size_of::<f32>() + order) as u64;
        // A bias, factors, and the ends of the id and of the ratings.
        let numbers = 3 + self.factors.user_factors.ncols();
        (id + numbers * size_of::<f32>()) as u64 + u64::from(ratings) * rating
    }

    fn has_narrow_rows(&self) -> bool {
        self.movie_ids.table().len() <= MOST_NARROW
    }

    /// These users, in the form in which they are written.
    pub(super) fn users(&self, users: Range<usize>) -> NewUsers<'_> {
        let rank = self.factors.user_factors.ncols();
        let of_each = |bytes: &'_ [u8], numbers: usize| {
            let length = numbers * size_of::<f32>();
            users.start * length..bytes.len().min(users.end * length)
        };
        let biases = numbers(self.factors.user_biases.as_slice());
        let factors = numbers(self.factors.user_factors.as_slice());
        let (id_range, id_offsets) = rebased(self.user_ids.offsets(), &users);
        let (ratings, rated_offsets) = rebased(self.rated_offsets, &users);
        let order = self.rated_order.map(|order| &order[ratings.clone()]);
        let order = order.map(|order| {
            if self.has_narrow_rows() { NewOrder::Narrow(narrowed(order)) } else { NewOrder::Wide(order) }
        });
        NewUsers {
            biases: biases.get(of_each(biases, 1)).unwrap_or_default(),
            factors: factors.get(of_each(factors, rank)).unwrap_or_default(),
            rank,
            ids: &self.user_ids.bytes()[id_range],
            id_offsets,
            rated_offsets,
            rated_movies: &self.rated_movies[ratings.clone()],
            rated_values: &self.rated_values[ratings],
            order,
        }
    }

    /// How often each movie got each rating.
    fn histograms(&self) -> Vec<Histogram> {
        let mut histograms = vec![Histogram::default(); self.movie_ids.table().len()];
        for (&movie, &rating) in self.rated_movies.iter().zip(self.rated_values) {
            add_to_histogram(&mut histograms[movie as usize], rating, self.description.rating_scale);
        }
        histograms
    }
}

/// The offsets of these users, counted from the first of them, and the range that they cover.
fn rebased(offsets: &[u32], users: &Range<usize>) -> (Range<usize>, Vec<u32>) {
    let offsets = &offsets[users.start..=users.end];
    let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
    (first as usize..last as usize, offsets.iter().map(|offset| offset - first).collect())
}

impl NewUsers<'_> {
    /// The tensors to be written.
    pub(super) fn tensors(&self) -> Vec<NewTensor<'_>> {
        let (users, ratings) = (self.id_offsets.len() - 1, self.rated_movies.len());
        let mut tensors = vec![
            ("user_biases", Dtype::F32, vec![users], self.biases),
            ("user_factors", Dtype::F32, vec![users, self.rank], self.factors),
            ("user_ids", Dtype::U8, vec![self.ids.len()], self.ids),
            ("user_id_offsets", Dtype::U32, vec![users + 1], bytemuck::cast_slice(&self.id_offsets)),
            ("rated_offsets", Dtype::U32, vec![users + 1], bytemuck::cast_slice(&self.rated_offsets)),
            ("rated_movies", Dtype::U32, vec![ratings], bytemuck::cast_slice(self.rated_movies)),
            ("rated_values", Dtype::F32, vec![ratings], bytemuck::cast_slice(self.rated_values)),
        ];
        match &self.order {
            None => {}
            Some(NewOrder::Narrow(order)) => {
                tensors.push(("rated_order", Dtype::U16, vec![ratings], bytemuck::cast_slice(order)));
            }
            Some(NewOrder::Wide(order)) => {
                tensors.push(("rated_order", Dtype::U32, vec![ratings], bytemuck::cast_slice(order)));
            }
        }
        tensors
    }
}

impl UserFile {
    /// The tensors of the index.
    pub(super) fn index(&self) -> Vec<NewTensor<'_>> {
        let (blocks, movies) = (self.sums.len(), self.histograms.len());
        let first_ids = &self.first_ids;
        vec![
            ("block_first_ids", Dtype::U8, vec![first_ids.bytes().len()], first_ids.bytes()),
            (
                "block_first_id_offsets",
                Dtype::U32,
                vec![blocks + 1],
                bytemuck::cast_slice(first_ids.offsets()),
            ),
            ("block_offsets", Dtype::U64, vec![blocks + 1], bytemuck::cast_slice(&self.offsets)),
            ("block_sha256", Dtype::U8, vec![blocks, SUM], bytemuck::cast_slice(&self.sums)),
            (
                "movie_histograms",
                Dtype::U32,
                vec![movies, HISTOGRAM_STEPS],
                bytemuck::cast_slice(&self.histograms),
            ),
        ]
    }
}
