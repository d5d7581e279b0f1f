//! Answers a body of records: one answer for each record.

use matinee_model::Model;
use serde_json::Value;

use super::Format;
use super::columns::Columns;
use crate::error::ApiError;
use crate::request::{FromBody, InvalidRequest, PredictBatch, PredictRequest};
use crate::response::{BatchEntry, BatchError, PredictAnswer};
use crate::scorer::Predictions;

/// The columns of CSV answers. The last one is empty unless the record is invalid.
const COLUMNS: [&str; 7] =
    ["predicted_rating", "movie_title", "score", "known_user", "known_movie", "model_version", "error"];

type Request = Result<PredictRequest, InvalidRequest>;

/// Answers a JSON body: one object, whose error is the error of the request; a list of objects; the body of
/// `POST /predict/batch`; or one object on each line, as a batch transform sends it.
pub(super) fn json(model: &Model, output: Format, body: &[u8]) -> Result<(Vec<u8>, Format), ApiError> {
    match serde_json::from_slice(body) {
        Ok(Value::Array(records)) => {
            let requests = records.iter().map(PredictRequest::from_json);
            Ok((answer_all(model, output, None, requests)?, output))
        }
        Ok(batch) if PredictBatch::is_batch(&batch) => {
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
            let answer = Predictions::new(model).predict(&request)?;
            Ok((serde_json::to_vec(&answer).map_err(|_| ApiError::Internal)?, output))
        }
        Err(_) if lines(body).nth(1).is_some() && lines(body).any(is_object) => {
            // The records came one on each line, so the answers do as well.
            let output = if output == Format::Json { Format::JsonLines } else { output };
            Ok((json_lines(model, output, body)?, output))
        }
        Err(error) => {
            Err(InvalidRequest::not_json(body, &error).with_example(PredictRequest::EXAMPLE).into())
        }
    }
}

/// Answers a body with a JSON object on each line.
pub(super) fn json_lines(model: &Model, output: Format, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    answer_all(model, output, None, lines(body).map(PredictRequest::from_body))
}

/// Answers a body with a CSV record on each line: `userId,movieId` unless a header names other columns. If the records
/// have a header, the answers have one as well.
pub(super) fn csv(model: &Model, output: Format, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let blank = lines(body).take_while(|line| line.trim_ascii().is_empty()).count();
    let first = lines(body).nth(blank).unwrap_or_default();
    let header = Columns::of_first_line(first, model.catalogue())?;
    let mut columns = header.unwrap_or(Columns::BY_POSITION);
    let requests = lines(body).skip(header.map_or(0, |_| blank + 1)).map(|line| columns.request(line));
    answer_all(model, output, header.map(|_| COLUMNS), requests)
}

/// The answers to all requests, in one body.
fn answer_all(
    model: &Model,
    output: Format,
    header: Option<[&str; 7]>,
    requests: impl IntoIterator<Item = Request>,
) -> Result<Vec<u8>, ApiError> {
    let mut predictions = Predictions::new(model);
    let predict =
        |request: Request| -> Result<PredictAnswer, ApiError> { Ok(predictions.predict(&request?)?) };
    let answers = requests.into_iter().map(predict).map(BatchEntry::from);
    let written = match output {
        Format::Json => write_json(answers, ["[", ",", "]"]),
        Format::JsonLines => write_json(answers, ["", "\n", ""]),
        Format::Csv => return write_csv(header, answers).map_err(|_| ApiError::Internal),
    };
    written.map_err(|_| ApiError::Internal)
}

/// All answers as JSON, with these texts before the first, between two, and after the last.
fn write_json(
    answers: impl Iterator<Item = BatchEntry>,
    [first, between, last]: [&str; 3],
) -> serde_json::Result<Vec<u8>> {
    let mut bytes = first.as_bytes().to_vec();
    for (index, answer) in answers.enumerate() {
        if index > 0 {
            bytes.extend_from_slice(between.as_bytes());
        }
        serde_json::to_writer(&mut bytes, &answer)?;
    }
    bytes.extend_from_slice(last.as_bytes());
    Ok(bytes)
}

/// All answers as CSV. There is no line break after the last answer, because a batch transform inserts one between its
/// parts.
fn write_csv(
    header: Option<[&str; 7]>,
    answers: impl Iterator<Item = BatchEntry>,
) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if let Some(header) = header {
        writer.write_record(header)?;
    }
    for answer in answers {
        match answer {
            BatchEntry::Answer(answer) => writer.write_record([
                &format!("{:.1}", answer.predicted_rating),
                &answer.movie_title,
                &answer.score.to_string(),
                &answer.known_user.to_string(),
                &answer.known_movie.to_string(),
                &answer.model_version,
                "",
            ])?,
            BatchEntry::Error { error: BatchError { code, message } } => {
                writer.write_record(["", "", "", "", "", "", &format!("{code}: {message}")])?;
            }
        }
    }
    let mut bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    bytes.pop();
    Ok(bytes)
}

/// The lines of a body. A line break at the end of the body does not start another line.
fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    let body = body.strip_suffix(b"\r").unwrap_or(body);
    let lines = body.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.take(if body.is_empty() { 0 } else { usize::MAX })
}

fn is_object(line: &[u8]) -> bool {
    matches!(serde_json::from_slice(line), Ok(Value::Object(_)))
}
