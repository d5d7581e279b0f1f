//! `matinee aws forget`: a user is removed from the table, and from every version of the data.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use matinee_tests::{Fault, Recorder};

use crate::command_line::CommandLine;
use crate::world::{TABLE, World};

const HEADER: &str = "userId,movieId,rating,timestamp\n";

fn gzip(text: &str) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

/// A bucket with versions and files in every form, and a table, which know the user 7.
fn upload(world: &World) {
    world.moto.keep_versions();
    let put = |key: &str, text: &str| world.moto.put(&format!("data/{key}"), text.as_bytes());
    put("movies.csv", "movieId,title\n1,One\n7,Seven\n");
    put("tags.csv", "userId,movieId,tag\n7,1,dark\n");
    put("ratings.csv", &format!("{HEADER}1,1,5,100\n"));
    put("ratings.csv", &format!("{HEADER}1,1,5,100\n7,1,4,200\n"));
    put("ratings.csv", &format!("{HEADER}7,7,1,300\n1,1,5,100\n7,1,4,200\n17,7,3,300\n"));
    put("old/ratings.dat", "7::1::3::100\n70::1::3::100\n");
    world.moto.put("data/2023/ratings.csv.gz", &gzip(&format!("{HEADER}1,7,2,400\n7,1,4,500\n")));
    put("gone/ratings.csv", &format!("{HEADER}7,1,4,200\n"));
    world.moto.delete("data/gone/ratings.csv");
}

/// Every version of every file under `data/` as text, decompressed.
fn contents(world: &World) -> Vec<(String, String)> {
    let versions = world.moto.versions("data/").into_iter();
    let text = |(key, id): (String, String)| {
        let bytes = world.moto.get(&format!("{key}?versionId={id}")).unwrap();
        let text = if bytes.starts_with(&[0x1f, 0x8b]) {
            let mut text = String::new();
            GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
            text
        } else {
            String::from_utf8(bytes).unwrap()
        };
        (key, text)
    };
    let mut all: Vec<(String, String)> = versions.map(text).collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn a_forgotten_user_is_in_no_version_of_the_data_and_not_in_the_table() {
    let world = World::start().await;
    upload(&world);
    let before = contents(&world);
    let matinee = CommandLine::new(world.moto.address())
        .with_settings("http://127.0.0.1:9")
        .with("MATINEE_RATINGS_TABLE", TABLE);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new.csv");
    std::fs::write(&file, format!("{HEADER}7,10,5,200\n1,20,0.5,100\n")).unwrap();
    let imported = matinee.run_matinee(&["ratings", "import", file.to_str().unwrap(), "--ratings", "aws"]);
    assert!(imported.status.success(), "{imported:?}");

    let refused = matinee.refuses(&["forget", "7"]);
    assert!(refused.contains("data/ratings.csv: 2 ratings\n") && refused.contains("--yes"), "{refused}");
    assert_eq!(contents(&world), before, "nothing was removed");
    assert!(matinee.refuses(&["forget", " ", "--yes"]).contains("the user is empty"));

    let said = matinee.says(&["forget", "7", "--yes"]);
    for part in [
        "data/ratings.csv: written without 2 ratings",
        "data/2023/ratings.csv.gz: written without 1 ratings",
        "data/old/ratings.dat: written without 1 ratings",
        "data/gone/ratings.csv: removed version",
        "what remains",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let plain = |text: &str| format!("{HEADER}{text}");
    let left = [
        ("data/2023/ratings.csv.gz", plain("1,7,2,400\n")),
        ("data/movies.csv", "movieId,title\n1,One\n7,Seven\n".to_owned()),
        ("data/old/ratings.dat", "70::1::3::100\n".to_owned()),
        ("data/ratings.csv", plain("1,1,5,100\n")),
        ("data/ratings.csv", plain("1,1,5,100\n17,7,3,300\n")),
        ("data/tags.csv", "userId,movieId,tag\n7,1,dark\n".to_owned()),
    ];
    assert_eq!(contents(&world), left.map(|(key, text)| (key.to_owned(), text)));
    let current = world.moto.get("data/ratings.csv").unwrap();
    assert_eq!(String::from_utf8(current).unwrap(), plain("1,1,5,100\n17,7,3,300\n"));
    let counted = matinee.run_matinee(&["ratings", "count", "--ratings", "aws"]);
    let counted = String::from_utf8(counted.stdout).unwrap();
    assert!(counted.contains("1 ratings by 1 users") && counted.contains("1 deleted users"), "{counted}");

    let again = matinee.says(&["forget", "7", "--yes"]);
    assert!(again.contains("no file in the bucket has ratings of user `7`"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn a_file_that_somebody_replaces_meanwhile_is_not_overwritten() {
    let world = World::start().await;
    upload(&world);
    let between = Recorder::start(world.moto.address()).await;
    between.inject(Fault::Refuse(412, "PreconditionFailed").at("s3:PutObject", "ratings"));
    let (_, address) =
        between.environment().into_iter().find(|(name, _)| name.starts_with("AWS_ENDPOINT_URL")).unwrap();
    let matinee = CommandLine::new(address).with_settings("http://127.0.0.1:9");
    let refused = matinee.refuses(&["forget", "7", "--yes"]);
    assert!(refused.contains("somebody else has replaced s3://matinee-test/data/"), "{refused}");
    assert!(refused.contains("run the command again"), "{refused}");
    let current = String::from_utf8(world.moto.get("data/ratings.csv").unwrap()).unwrap();
    assert!(current.contains("7,1,4,200"), "it is as it was");
}

/// S3 takes at most 5 GiB in one request. What is larger than 16 MiB is written in parts.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn a_large_file_is_written_in_parts_and_keeps_what_it_has() {
    let world = World::start().await;
    world.moto.keep_versions();
    let folder = tempfile::tempdir().unwrap();
    let others = (0..900_000).fold(String::new(), |others, index| {
        others + &format!("{},{},4,1700000000\n", 100 + index / 50, index % 50)
    });
    let text = format!("{HEADER}7,1,4,200\n{others}7,7,1,300\n");
    assert!(text.len() > 16 << 20, "{} bytes are no large file", text.len());
    std::fs::write(folder.path().join("ratings.csv"), &text).unwrap();
    let titles = (0..50).fold(String::new(), |titles, movie| titles + &format!("{movie},Movie {movie}\n"));
    std::fs::write(folder.path().join("movies.csv"), format!("movieId,title\n{titles}")).unwrap();

    let between = Recorder::start(world.moto.address()).await;
    let (_, address) =
        between.environment().into_iter().find(|(name, _)| name.starts_with("AWS_ENDPOINT_URL")).unwrap();
    let matinee = CommandLine::new(address).with_settings("http://127.0.0.1:9");
    let parts = || between.calls().iter().filter(|call| call.action == "s3:CompleteMultipartUpload").count();
    matinee.says(&["upload", folder.path().to_str().unwrap()]);
    assert_eq!(parts(), 1, "the ratings, and not the catalogue");
    assert!(world.moto.get("data/ratings.csv").unwrap() == text.as_bytes(), "the file is another one");

    between.inject(
        Fault::Refuse(412, "PreconditionFailed").at("s3:CompleteMultipartUpload", "ratings").times(1),
    );
    let refused = matinee.refuses(&["forget", "7", "--yes"]);
    assert!(refused.contains("somebody else has replaced s3://matinee-test/data/ratings.csv"), "{refused}");
    assert!(world.moto.get("data/ratings.csv").unwrap() == text.as_bytes(), "it is as it was");

    let said = matinee.says(&["forget", "7", "--yes"]);
    assert!(said.contains("data/ratings.csv: written without 2 ratings"), "{said}");
    assert_eq!(parts(), 2);
    let all = contents(&world);
    let [(_, movies), (_, left)] = all.as_slice() else { panic!("{} versions", all.len()) };
    assert!(movies.starts_with("movieId") && *left == format!("{HEADER}{others}"), "the file is another one");
}
