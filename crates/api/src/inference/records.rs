//! Records in, as many answers out.

use matinee_model::Model;
use serde::Serialize;
use serde_json::Value;

use super::Format;
use super::columns::Columns;
use crate::error::ApiError;
use crate::prediction::Predictions;
use crate::request::{InvalidRequest, PredictBatch, PredictRequest};
use crate::response::PredictAnswer;

/// The columns of CSV answers; the last one is empty unless the record is bad.
const COLUMNS: [&str; 7] =
    ["predicted_rating", "movie_title", "score", "known_user", "known_movie", "model_version", "error"];

type Request = Result<PredictRequest, InvalidRequest>;

/// Answers a JSON body: an object, whose fault is the whole request's; a list; the body of `POST /predict/batch`; or, as
/// a batch transform sends it, an object a line.
pub(super) fn json(model: &Model, output: Format, body: &[u8]) -> Result<(Vec<u8>, Format), ApiError> {
    match serde_json::from_slice(body) {
        Ok(Value::Array(records)) => {
            let requests = records.iter().map(PredictRequest::from_json);
            Ok((answer_all(model, output, None, requests)?, output))
        }
        Ok(batch) if PredictBatch::is_one(&batch) => {
            let PredictBatch(requests) = PredictBatch::from_json(&batch)?;
            if output != Format::Json {
                return Ok((answer_all(model, output, None, requests)?, output));
            }
            let mut answers = br#"{"predictions":"#.to_vec();
            answers.extend(answer_all(model, output, None, requests)?);
            answers.push(b'}');
            Ok((answers, output))
        }
        Ok(record) => {
            let request = PredictRequest::from_json(&record)?;
            if output == Format::Csv {
                return Ok((answer_all(model, output, None, [Ok(request)])?, output));
            }
            let answer = Predictions::of(model).predict(&request)?;
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
    let blank = lines(body).take_while(|line| line.trim_ascii().is_empty()).count();
    let first = lines(body).nth(blank).unwrap_or_default();
    let header = Columns::of_first_line(first, model.catalogue())?;
    let mut columns = header.unwrap_or(Columns::BY_POSITION);
    let requests = lines(body).skip(header.map_or(0, |_| blank + 1)).map(|line| columns.request(line));
    answer_all(model, output, header.map(|_| COLUMNS), requests)
}

/// The answers to all requests in one body: in the format's own way of putting several into one.
fn answer_all(
    model: &Model,
    output: Format,
    header: Option<[&str; 7]>,
    requests: impl IntoIterator<Item = Request>,
) -> Result<Vec<u8>, ApiError> {
    let mut predictions = Predictions::of(model);
    let answers = requests.into_iter().map(|request| predictions.predict(&request?));
    let written = match output {
        Format::Json => write_json(answers, ["[", ",", "]"]),
        Format::JsonLines => write_json(answers, ["", "\n", ""]),
        Format::Csv => return write_csv(header, answers).map_err(|_| ApiError::Internal),
    };
    written.map_err(|_| ApiError::Internal)
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
