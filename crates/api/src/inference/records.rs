//! Records in, as many answers out.

use matinee_model::Model;
use serde::Serialize;
use serde_json::Value;

use super::Format;
use crate::error::ApiError;
use crate::request::{InvalidRequest, PredictRequest};
use crate::response::PredictAnswer;

/// The columns of CSV answers; the last one is empty unless the record is bad.
const COLUMNS: [&str; 7] =
    ["predicted_rating", "movie_title", "score", "known_user", "known_movie", "model_version", "error"];

type Request = Result<PredictRequest, InvalidRequest>;

/// Answers a JSON body: an object, whose fault is the whole request's; a list; or, as a batch transform
/// sends it, an object a line.
pub(super) fn json(model: &Model, output: Format, body: &[u8]) -> Result<(Vec<u8>, Format), ApiError> {
    match serde_json::from_slice(body) {
        Ok(Value::Array(records)) => {
            let requests = records.iter().map(PredictRequest::from_json);
            Ok((answer_all(model, output, None, requests)?, output))
        }
        Ok(record) => {
            let request = PredictRequest::from_json(&record)?;
            if output == Format::Csv {
                return Ok((answer_all(model, output, None, [Ok(request)])?, output));
            }
            let answer = predict(model, Ok(request))?;
            Ok((serde_json::to_vec(&answer).map_err(|_| ApiError::Internal)?, output))
        }
        Err(_) if lines(body).nth(1).is_some() && lines(body).any(is_object) => {
            // One answer a line, for so the records came.
            let output = if output == Format::Json { Format::JsonLines } else { output };
            Ok((json_lines(model, output, body)?, output))
        }
        Err(error) => Err(InvalidRequest::of_json_pair(body, &error).into()),
    }
}

/// Answers a body with a JSON object a line.
pub(super) fn json_lines(model: &Model, output: Format, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    answer_all(model, output, None, lines(body).map(PredictRequest::parse))
}

/// Answers a body with a CSV record a line, `userId,movieId` unless a header says otherwise. A header is
/// answered by a header.
pub(super) fn csv(model: &Model, output: Format, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let header = lines(body).next().and_then(|line| Columns::of(&fields(line)?));
    let columns = header.unwrap_or(Columns { user: 0, movie: 1 });
    let requests = lines(body).skip(usize::from(header.is_some())).map(|line| columns.request(line));
    answer_all(model, output, header.map(|_| COLUMNS), requests)
}

/// The answers to all requests in one body: in the format's own way of putting several into one.
fn answer_all(
    model: &Model,
    output: Format,
    header: Option<[&str; 7]>,
    requests: impl IntoIterator<Item = Request>,
) -> Result<Vec<u8>, ApiError> {
    let answers = requests.into_iter().map(|request| predict(model, request));
    let written = match output {
        Format::Json => write_json(answers, ["[", ",", "]"]),
        Format::JsonLines => write_json(answers, ["", "\n", ""]),
        Format::Csv => return write_csv(header, answers).map_err(|_| ApiError::Internal),
    };
    written.map_err(|_| ApiError::Internal)
}

fn predict(model: &Model, request: Request) -> Result<PredictAnswer, ApiError> {
    let request = request?;
    let prediction = model.predict(&request.user, &request.movie)?;
    Ok(PredictAnswer::new(prediction, model.manifest()))
}

/// The error of one record among others.
#[derive(Serialize)]
struct RecordError {
    error: RecordErrorDetails,
}

#[derive(Serialize)]
struct RecordErrorDetails {
    code: &'static str,
    message: String,
}

/// All answers, with these before the first, between them, and after the last.
fn write_json(
    answers: impl Iterator<Item = Result<PredictAnswer, ApiError>>,
    [first, between, last]: [&str; 3],
) -> serde_json::Result<Vec<u8>> {
    let mut bytes = first.as_bytes().to_vec();
    for (index, answer) in answers.enumerate() {
        if index > 0 {
            bytes.extend_from_slice(between.as_bytes());
        }
        match answer {
            Ok(answer) => serde_json::to_writer(&mut bytes, &answer)?,
            Err(error) => {
                let (code, message) = error.code_and_message();
                let error = RecordErrorDetails { code, message };
                serde_json::to_writer(&mut bytes, &RecordError { error })?;
            }
        }
    }
    bytes.extend_from_slice(last.as_bytes());
    Ok(bytes)
}

/// A line an answer, without a line break after the last: a batch transform puts one between its parts.
fn write_csv(
    header: Option<[&str; 7]>,
    answers: impl Iterator<Item = Result<PredictAnswer, ApiError>>,
) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if let Some(header) = header {
        writer.write_record(header)?;
    }
    for answer in answers {
        match answer {
            Ok(answer) => writer.write_record([
                &format!("{:.1}", answer.predicted_rating),
                &answer.movie_title,
                &answer.score.to_string(),
                &answer.known_user.to_string(),
                &answer.known_movie.to_string(),
                &answer.model_version,
                "",
            ])?,
            Err(error) => {
                let (code, message) = error.code_and_message();
                writer.write_record(["", "", "", "", "", "", &format!("{code}: {message}")])?;
            }
        }
    }
    let mut bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    bytes.pop();
    Ok(bytes)
}

/// Where the ids are in a CSV record.
#[derive(Clone, Copy)]
struct Columns {
    user: usize,
    movie: usize,
}

impl Columns {
    /// The columns by a header's names; `None` of a record that is no header.
    fn of(header: &[String]) -> Option<Self> {
        let find = |name: &str| header.iter().position(|field| field.trim() == name);
        Some(Self { user: find("userId")?, movie: find("movieId")? })
    }

    fn request(self, line: &[u8]) -> Request {
        let fields = fields(line).ok_or(InvalidRequest::Csv)?;
        let missing = |name| InvalidRequest::Missing(name).unlike("2,2959");
        let field = |column: usize, name| fields.get(column).ok_or_else(|| missing(name));
        PredictRequest::new(field(self.user, "userId")?, field(self.movie, "movieId")?)
    }
}

/// The fields of a CSV line; `None` if it is not UTF-8 or not one record.
fn fields(line: &[u8]) -> Option<Vec<String>> {
    if !line.contains(&b'"') {
        return Some(std::str::from_utf8(line).ok()?.split(',').map(str::to_owned).collect());
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line);
    let mut records = reader.records();
    let record = records.next()?.ok()?;
    records.next().is_none().then(|| record.iter().map(str::to_owned).collect())
}

/// The lines of a body; a line break at its end begins no other line.
fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    let body = body.strip_suffix(b"\r").unwrap_or(body);
    let lines = body.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.take(if body.is_empty() { 0 } else { usize::MAX })
}

fn is_object(line: &[u8]) -> bool {
    matches!(serde_json::from_slice(line), Ok(Value::Object(_)))
}
