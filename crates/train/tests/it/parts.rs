//! A model that is learned in parts has the same bytes as one that is learned in one process.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use matinee_model::{Model, RatingScale};
use matinee_train::algorithms::configure;
use matinee_train::parts::{
    Block, Gathered, Gathering, Message, PartError, Settings, State, Sums, Users, pack,
};
use matinee_train::progress::Silent;
use matinee_train::ratings::{CsvFile, Dataset, Inputs, check};
use matinee_train::training::{Plan, train, write};

use crate::sample_data::{csv, movielens_files};

/// Ratings as lines of CSV, with their catalogue and settings.
struct Case {
    header: &'static str,
    lines: Vec<String>,
    movies: Option<CsvFile>,
    settings: Settings,
}

impl Case {
    fn new(header: &'static str, lines: Vec<String>, movies: Option<CsvFile>) -> Self {
        let parameters = [("n_factors", "3"), ("n_epochs", "5")];
        let settings = Settings {
            parameters: parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            seed: 5,
            hold_out: 0.1,
            scale: RatingScale::MOVIELENS,
            titles_from_ids: movies.is_none(),
            training_job: None,
            data_as_of: Some(jiff::Timestamp::from_second(1_790_000_000).unwrap()),
        };
        Self { header, lines, movies, settings }
    }

    /// Some users of `data/`, in no order, with ids of any text, and with ratings that are replaced at the same second.
    fn of_sample() -> Self {
        let files = movielens_files();
        let text = String::from_utf8(files.ratings[0].bytes.clone()).unwrap();
        let mut lines: Vec<String> = text
            .lines()
            .skip(1)
            .filter(|line| line.split(',').next().unwrap().parse::<u32>().unwrap().is_multiple_of(9))
            .map(|line| match line.strip_prefix("9,") {
                Some(rest) => format!("\"zoë, 9\",{rest}"),
                None => line.to_owned(),
            })
            .collect();
        let again: Vec<String> =
            lines.iter().step_by(50).map(|line| line.replace(".0,", ".5,").replace("5.5,", "4.5,")).collect();
        lines.extend(again);
        lines.extend(["18,not listed,3.0,1000000000".to_owned(), "27,not listed,4.0,1000000000".to_owned()]);
        let count = lines.len();
        let lines = (0..count).map(|index| lines[index * 7919 % count].clone()).collect();
        Self::new("userId,movieId,rating,timestamp", lines, files.movies)
    }

    /// What one process reads.
    fn dataset(&self) -> Dataset {
        let text = format!("{}\n{}\n", self.header, self.lines.join("\n"));
        let inputs =
            Inputs { ratings: vec![csv("ratings.csv", &text)], movies: self.movies.clone(), links: None };
        let (mut dataset, report) = check(&inputs, self.settings.scale);
        assert!(!report.refuses_training(), "{report}");
        if self.settings.titles_from_ids {
            dataset.title_movies_by_id();
        }
        dataset
    }

    /// The artifact that one process writes.
    fn alone(&self, folder: &Path) {
        let Settings { parameters, seed, hold_out, .. } = &self.settings;
        let given = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let algorithm = configure("vb", given).unwrap();
        let data_as_of = self.settings.data_as_of;
        let plan = Plan { data_as_of, ..Plan::new(algorithm, *seed, *hold_out) };
        let dataset = self.dataset();
        write(folder, &dataset, &plan, &train(&dataset, &plan, &Silent), &BTreeMap::new()).unwrap();
    }

    /// All ratings in blocks of whole users.
    fn blocks(&self, count: usize) -> Vec<Block> {
        let mut texts = vec![format!("{},place\n", self.header); count];
        for (place, line) in self.lines.iter().enumerate() {
            let user = line.rsplit(',').nth(self.header.matches(',').count()).unwrap();
            let block = user.bytes().fold(7, |hash, byte| hash * 31 + usize::from(byte)) % count;
            writeln!(texts[block], "{line},{place}").unwrap();
        }
        texts.into_iter().map(|text| pack(text.into_bytes(), self.settings.scale).unwrap()).collect()
    }

    /// The artifact of parts, and the number of passes.
    fn in_parts(&self, folder: &Path, count: usize) -> usize {
        let blocks = self.blocks(count);
        let mut passes = 0;
        let mut solve = |state: State| {
            // In another order each time.
            let mut order: Vec<usize> = (0..count).collect();
            order.rotate_left(passes % count);
            let mut all = order.iter().map(|&block| copy(&passed(&state, &blocks[block]).unwrap()));
            let mut sums: Sums = all.next().unwrap();
            all.for_each(|others| sums.add(others).unwrap());
            if let Some(assignment) = state.assignment() {
                let arranged: Vec<_> = blocks.iter().map(|block| state.arrange(block).unwrap()).collect();
                assert_eq!(copy(&assignment.pass(&arranged).unwrap()), copy(&sums), "all blocks at once");
            }
            passes += 1;
            copy(&state.solve(copy(&sums)).unwrap())
        };
        let state = copy(&State::begin(self.settings.clone(), self.movies.as_ref(), None).unwrap().0);
        let mut models = solve(state).models();
        while !models.iter().all(State::is_done) {
            let step = |model: State| if model.is_done() { model } else { solve(model) };
            models = models.into_iter().map(step).collect();
        }
        models.reverse();
        let state = copy(&State::join(models).unwrap());
        let users: Vec<Users> = blocks.iter().map(|block| copy(&state.users(block).unwrap())).collect();
        let mut gathering = Gathering::new(state).unwrap();
        for (block, users) in blocks.into_iter().zip(users).rev() {
            gathering.add(block, users).unwrap();
        }
        let Gathered { dataset, plan, trained } = gathering.train(&Silent).unwrap();
        write(folder, &dataset, &plan, &trained, &BTreeMap::new()).unwrap();
        passes
    }

    /// Compares the artifacts. Only the time in the manifest may differ. Returns the number of passes.
    fn assert_same(&self, counts: &[usize]) -> usize {
        let folder = tempfile::tempdir().unwrap();
        let alone = folder.path().join("alone");
        self.alone(&alone);
        let mut passes = 0;
        for &count in counts {
            let parts = folder.path().join(format!("{count} parts"));
            passes = self.in_parts(&parts, count);
            for file in ["model.safetensors", "movies.csv"] {
                let [one, other] = [&alone, &parts].map(|folder| std::fs::read(folder.join(file)).unwrap());
                assert!(one == other, "{file} of {count} parts");
            }
            let [one, other] = [&alone, &parts].map(|folder| {
                let mut manifest = Model::open(folder).unwrap().manifest().clone();
                manifest.created_at.clear();
                manifest
            });
            assert_eq!(one, other);
        }
        passes
    }
}

/// What the next pass over a block prints.
fn passed(state: &State, block: &Block) -> Result<Sums, PartError> {
    match state.assignment() {
        Some(assignment) => copy(&assignment).pass(&[copy(&state.arrange(block)?)]),
        None => state.count(block),
    }
}

/// The message as another process would read it.
fn copy<M: Message>(message: &M) -> M {
    let mut bytes = Vec::new();
    message.write(&mut bytes).unwrap();
    M::read(&bytes).unwrap()
}

#[test]
fn any_number_of_parts_makes_the_same_artifact() {
    let case = Case::of_sample();
    // One pass counts the movies. Two count for each of two models, and each of the five epochs is a pass.
    assert_eq!(case.assert_same(&[1, 2, 7]), 1 + 2 * (2 + 5));
}

#[test]
fn other_scales_and_ratings_without_times_or_catalogue_are_the_same_too() {
    let mut case = Case::of_sample();
    case.header = "userId,movieId,rating";
    for line in &mut case.lines {
        let (rest, _) = line.rsplit_once(',').unwrap();
        let (pair, stars) = rest.rsplit_once(',').unwrap();
        *line = format!("{pair},{}", stars.parse::<f32>().unwrap() * 7.3);
    }
    case.lines.truncate(3_000);
    case.movies = None;
    case.settings.titles_from_ids = true;
    case.settings.scale = "0..36.5".parse().unwrap();
    case.assert_same(&[3]);
    case.settings.hold_out = 0.0;
    case.assert_same(&[2]);
}

#[test]
fn hold_outs_of_very_few_ratings_are_the_same_too() {
    let movies =
        || Some(csv("movies.csv", "movieId,title,genres\n1,One (1999),Drama\n2,Two (2001),\n3,Three,\n"));
    for seed in 0..20 {
        for count in [1, 4, 6, 9] {
            let line = |index: usize| format!("{},{},{}", index / 3, index % 3 + 1, index % 5 + 1);
            let mut case = Case::new("userId,movieId,rating", (0..count).map(line).collect(), movies());
            case.settings.seed = seed;
            case.assert_same(&[2]);
        }
    }
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let mut case = Case::of_sample();
    case.lines.truncate(2_000);
    let blocks = case.blocks(2);
    let begin = || State::begin(case.settings.clone(), case.movies.as_ref(), None).unwrap().0;
    let solve = |state: State| {
        let mut sums = passed(&state, &blocks[0]).unwrap();
        sums.add(passed(&state, &blocks[1]).unwrap()).unwrap();
        state.solve(sums).unwrap()
    };
    assert!(matches!(begin().users(&blocks[0]), Err(PartError::OtherStep("count"))));
    assert!(matches!(begin().arrange(&blocks[0]), Err(PartError::OtherStep("count"))));
    assert!(matches!(Gathering::new(begin()), Err(PartError::OtherStep("count"))));
    let first = begin().count(&blocks[0]).unwrap();
    assert!(matches!(solve(begin()).solve(first), Err(PartError::OtherPass)));
    let strange = pack(b"userId,movieId,rating\n1,strange,3\n".to_vec(), RatingScale::MOVIELENS).unwrap();
    assert!(matches!(solve(begin()).count(&strange), Err(PartError::OtherBlock(id)) if id == "strange"));

    let counting = solve(begin());
    let sums = counting.count(&blocks[0]).unwrap();
    assert!(matches!(counting.solve(sums), Err(PartError::OtherRatings { .. })));

    let models = || solve(begin()).models().into_iter().map(solve);
    let [mut measured, served] = models().collect::<Vec<_>>().try_into().ok().unwrap();
    assert!(measured.is_learning() && measured.count(&blocks[0]).is_err());
    let arranged = measured.arrange(&blocks[0]).unwrap();
    let of_one = passed(&measured, &blocks[0]).unwrap();
    assert!(measured.expects(&of_one) && !served.expects(&of_one));
    assert!(matches!(copy(&served).solve(copy(&of_one)), Err(PartError::OtherPass)));
    assert!(matches!(copy(&measured).solve(of_one), Err(PartError::OtherRatings { .. })));
    assert!(matches!(served.assignment().unwrap().pass(&[arranged]), Err(PartError::OtherModel)));
    while !measured.is_done() {
        measured = solve(measured);
    }
    for unfinished in [vec![copy(&measured), copy(&served)], vec![served]] {
        assert!(matches!(State::join(unfinished), Err(PartError::OtherStep("arrange` and `pass"))));
    }
    let mut served = models().nth(1).unwrap();
    while !served.is_done() {
        served = solve(served);
    }
    let state = State::join(vec![measured, served]).unwrap();
    assert!(state.assignment().is_none() && state.count(&blocks[0]).is_err());
    let users = state.users(&blocks[0]).unwrap();
    let mut one = Gathering::new(copy(&state)).unwrap();
    one.add(blocks[0].clone(), users.clone()).unwrap();
    assert!(matches!(one.train(&Silent), Err(PartError::OtherRatings { .. })));
    let mut gathering = Gathering::new(state).unwrap();
    assert!(gathering.add(blocks[1].clone(), users.clone()).is_err(), "rows of another block");
    gathering.add(blocks[0].clone(), users.clone()).unwrap();
    gathering.add(blocks[0].clone(), users).unwrap();
    assert!(matches!(gathering.train(&Silent), Err(PartError::TwoBlocks(_))));
}

#[test]
fn ratings_and_catalogue_must_belong_together() {
    let movies = Some(csv("movies.csv", "movieId,title,genres\n100,One,\n"));
    let case = Case::new("userId,movieId,rating", vec!["1,tt1,3".to_owned(), "2,tt2,4".to_owned()], movies);
    let state = State::begin(case.settings.clone(), case.movies.as_ref(), None).unwrap().0;
    let sums = state.count(&case.blocks(1)[0]).unwrap();
    let refusal = state.solve(sums).err().unwrap().to_string();
    assert!(refusal.contains("do not belong together"), "{refusal}");
    let none = pack(b"userId,movieId,rating\n".to_vec(), RatingScale::MOVIELENS).unwrap();
    let state = State::begin(case.settings.clone(), case.movies.as_ref(), None).unwrap().0;
    let sums = state.count(&none).unwrap();
    assert!(matches!(state.solve(sums), Err(PartError::NoRatings)));
}
