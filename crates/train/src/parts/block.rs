//! The ratings of some users, checked and packed.

use csv::{ByteRecord, ReaderBuilder};
use matinee_model::{Ids, MovieRow, RatingScale, UserRow};

use super::PartError;
use super::message::Message;
use crate::ratings::{CsvFile, Dataset, FaultKind, Inputs, Rating, Ratings, Timestamps, check};
use crate::state::{StateError, StateReader, StateWriter};

/// The column with the place of each rating in the files.
const PLACE: &str = "place";

/// All ratings of some users. Of several ratings of a movie by a user, it has the one that counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    pub(super) users: Ids,
    pub(super) movies: Ids,
    /// By user and movie, with the rows of this block.
    pub(super) ratings: Ratings,
    /// The place of each rating in the files. Ratings with equal times are ordered by it.
    pub(super) places: Vec<u64>,
    /// When each rating was given, in seconds since 1970, if that is known.
    pub(super) timestamps: Option<Timestamps>,
}

/// Packs all ratings of some users, which are CSV like a file of ratings. The last column, if it is called `place`, has the
/// places of the ratings in all files, from 0. Without it, the order of the lines counts.
pub fn pack(csv: Vec<u8>, scale: RatingScale) -> Result<Block, PartError> {
    let (csv, places) = by_place(csv)?;
    let file = CsvFile { name: "ratings".to_owned(), bytes: csv };
    let (dataset, mut report) = check(&Inputs { ratings: vec![file], movies: None, links: None }, scale);
    // Whether ids have two spellings, and whether there are any ratings, shows when all blocks are seen.
    report.forget(&[FaultKind::TwoSpellings, FaultKind::NoRatings]);
    if report.refuses_training() {
        return Err(PartError::Refused(Box::new(report)));
    }
    let count = dataset.record_count() as u64;
    let places = places.unwrap_or_else(|| (0..count).collect());
    let places = dataset.align(&places).map_err(|error| StateError::new(error.to_string()))?;
    Ok(Block::of(&dataset, &places))
}

/// The records in the order of their places, and the places, if there is a column of them.
fn by_place(csv: Vec<u8>) -> Result<(Vec<u8>, Option<Vec<u64>>), PartError> {
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(csv.as_slice());
    if !reader.byte_headers().is_ok_and(has_places) {
        return Ok((csv, None));
    }
    let (mut places, mut begins, mut record) = (Vec::new(), Vec::new(), ByteRecord::new());
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        // The last field is the place, however many others there are.
        let text = record.iter().next_back().and_then(|field| str::from_utf8(field).ok());
        let (line, begin) = record.position().map_or((0, 0), |at| (at.line(), at.byte() as usize));
        places.push(text.and_then(|text| text.trim().parse().ok()).ok_or(PartError::Place { line })?);
        begins.push(begin);
    }
    if places.is_sorted() {
        return Ok((csv, Some(places)));
    }
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(|&record| places[record]);
    let mut sorted = Vec::with_capacity(csv.len() + 1);
    sorted.extend_from_slice(&csv[..begins[0]]);
    for &record in &order {
        let text = &csv[begins[record]..begins.get(record + 1).copied().unwrap_or(csv.len())];
        sorted.extend_from_slice(text);
        if !text.ends_with(b"\n") {
            sorted.push(b'\n');
        }
    }
    Ok((sorted, Some(order.into_iter().map(|record| places[record]).collect())))
}

fn has_places(header: &ByteRecord) -> bool {
    header.iter().next_back() == Some(PLACE.as_bytes())
}

impl Block {
    fn of(dataset: &Dataset, places: &[u64]) -> Self {
        let mut order: Vec<usize> = (0..dataset.ratings.len()).collect();
        order.sort_unstable_by_key(|&index| {
            let Rating { user, movie, .. } = dataset.ratings.get(index);
            (user, movie)
        });
        let times = dataset.timestamps.as_ref();
        Self {
            users: dataset.user_ids.clone(),
            movies: dataset.movie_ids.clone(),
            ratings: order.iter().map(|&index| dataset.ratings.get(index)).collect(),
            places: order.iter().map(|&index| places[index]).collect(),
            timestamps: times.map(|times| order.iter().map(|&index| times.get(index)).collect()),
        }
    }
}

impl Message for Block {
    const KIND: &'static str = "block";

    fn headline(&self) -> String {
        format!("{} ratings by {} users", self.ratings.len(), self.users.table().len())
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        save_ids(&self.users, state);
        save_ids(&self.movies, state);
        state.whole_numbers(self.ratings.iter().map(|rating| rating.user.0));
        state.whole_numbers(self.ratings.iter().map(|rating| rating.movie.0));
        state.each_float(self.ratings.len(), self.ratings.iter().map(|rating| rating.value));
        state.long_numbers(self.places.iter().copied());
        state.number(u64::from(self.timestamps.is_some()));
        if let Some(timestamps) = &self.timestamps {
            state.long_numbers(timestamps.iter().map(i64::cast_unsigned));
        }
    }

    fn restore(state: &mut StateReader<'_>) -> Result<Self, PartError> {
        let (users, movies) = (restore_ids(state)?, restore_ids(state)?);
        let (user_rows, movie_rows) = (state.whole_numbers()?, state.whole_numbers()?);
        let mut values = vec![0.0; user_rows.len()];
        state.floats(&mut values)?;
        let places = state.long_numbers()?;
        let has_times = state.number()? == 1;
        let timestamps = if has_times { Some(state.long_numbers()?) } else { None };
        let is_whole = movie_rows.len() == values.len()
            && places.len() == values.len()
            && timestamps.as_ref().is_none_or(|times| times.len() == values.len())
            && user_rows.iter().all(|&row| (row as usize) < users.table().len())
            && movie_rows.iter().all(|&row| (row as usize) < movies.table().len());
        if !is_whole {
            return Err(StateError::new("its columns do not fit".to_owned()).into());
        }
        let rows = user_rows.into_iter().zip(movie_rows).zip(values);
        let rating = |((user, movie), value)| Rating { user: UserRow(user), movie: MovieRow(movie), value };
        let ratings = rows.map(rating).collect();
        let timestamps = timestamps.map(|times| times.into_iter().map(u64::cast_signed).collect());
        Ok(Self { users, movies, ratings, places, timestamps })
    }
}

pub(super) fn save_ids(ids: &Ids, state: &mut StateWriter<'_>) {
    state.value(&ids.table().iter().collect::<Vec<_>>());
}

pub(super) fn restore_ids(state: &mut StateReader<'_>) -> Result<Ids, StateError> {
    let ids: Vec<String> = state.value()?;
    Ok(Ids::new(ids.iter().map(String::as_str)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(csv: &str) -> Result<Block, PartError> {
        pack(csv.as_bytes().to_vec(), RatingScale::MOVIELENS)
    }

    #[test]
    fn a_block_has_the_ratings_that_count_with_their_places() {
        let csv = "userId,movieId,rating,timestamp,place\nb,2,4,7,10\na,1,3,9,11\nb,2,5,7,13\nb,1,2,8,12\n";
        let block = block(csv).unwrap();
        let found: Vec<(u32, u32, f32)> =
            block.ratings.iter().map(|rating| (rating.user.0, rating.movie.0, rating.value)).collect();
        assert_eq!(found, [(0, 0, 3.0), (1, 0, 2.0), (1, 1, 5.0)]);
        assert_eq!(block.places, [11, 12, 13], "of equally new ratings, the last counts");
        assert_eq!(block.timestamps, Some([9, 8, 7].into_iter().collect()));
        let mut bytes = Vec::new();
        block.write(&mut bytes).unwrap();
        assert!(bytes.starts_with(b"matinee block 7: 3 ratings by 2 users\n"));
        assert_eq!(Block::read(&bytes).unwrap(), block);
        for length in 0..bytes.len() {
            assert!(matches!(
                Block::read(&bytes[..length]),
                Err(PartError::Message { .. } | PartError::State(_))
            ));
        }
    }

    #[test]
    fn the_order_of_places_counts_and_not_that_of_lines() {
        let ordered = "userId,place,movieId,rating,place\nb,x,2,4,10\na,x,1,3,11\nb,x,1,2,12\nb,x,2,5,13\n";
        let shuffled =
            "userId,place,movieId,rating,place\nb,x,2,5,13\n\nb,x,1,2,12\n\"b\",x,2,4,10\na,x,1,3,11";
        assert_eq!(block(shuffled).unwrap(), block(ordered).unwrap());
        assert_eq!(block(ordered).unwrap().places, [11, 12, 13]);
    }

    #[test]
    fn without_places_the_order_of_the_lines_counts() {
        let block = block("userId,movieId,rating\nb,2,4\na,1,3\n").unwrap();
        assert_eq!((block.places, block.timestamps), (vec![1, 0], None));
    }

    #[test]
    fn a_missing_field_is_not_taken_for_a_missing_place() {
        let refusal = block("userId,movieId,rating,place\n1,2,3,0\n1,4,1\n").unwrap_err().to_string();
        assert!(refusal.contains("3 fields, but the header has 4"), "{refusal}");
    }

    #[test]
    fn what_training_refuses_is_refused() {
        let refusal = |csv: &str| block(csv).unwrap_err().to_string();
        let off = refusal("userId,movieId,rating,place\n1,2,9,0\n");
        assert!(off.contains("9 is not on the scale 0.5..5") && off.contains("matinee check"), "{off}");
        let place = refusal("userId,movieId,rating,place\n1,2,3,first\n");
        assert!(place.contains("line 2 has no place"), "{place}");
        block("userId,movieId,rating\n1,2,3\n01,2,3\n").unwrap();
    }
}
