//! Answers a body of records: one answer for each record.

use matinee_model::Model;
use serde_json::Value;

use super::Format;
use super::columns::Columns;
use crate::error::ApiError;
use crate::request::{FromBody, InvalidRequest, PredictBatch, PredictRequest};
use crate::response::{BatchEntry, BatchError};
use crate::scorer::Predictions;

/// The columns of CSV answers. The last one is empty unless the record is invalid.
const COLUMNS: [&str; 7] =
    ["predicted_rating", "movie_title", "score", "known_user", "known_movie", "model_version", "error"];

/// How many requests are read before their users are looked up together.
const LOOKED_UP_TOGETHER: usize = 1_000;

type Request = Result<PredictRequest, InvalidRequest>;

/// The requests of a body, read one by one.
type Requests<'b> = Box<dyn Iterator<Item = Request> + Send + 'b>;

/// Answers a JSON body: one object, whose error is the error of the request; a list of objects; the body of
/// `POST /predict/batch`; or one object on each line, as a batch transform sends it.
pub(super) async fn json(model: &Model, output: Format, body: &[u8]) -> Result<(Vec<u8>, Format), ApiError> {
    match serde_json::from_slice(body) {
        Ok(Value::Array(records)) => {
            let requests = Box::new(records.iter().map(PredictRequest::from_json));
            Ok((answer_all(model, output, None, requests).await?, output))
        }
        Ok(batch) if PredictBatch::is_batch(&batch) => {
            let PredictBatch(requests) = PredictBatch::from_json(&batch)?;
            let requests = Box::new(requests.into_iter());
            if output != Format::Json {
                return Ok((answer_all(model, output, None, requests).await?, output));
            }
            let mut answers = br#"{"predictions":"#.to_vec();
            answers.extend(answer_all(model, output, None, requests).await?);
            answers.push(b'}');
            Ok((answers, output))
        }
        Ok(record) => {
            let request = PredictRequest::from_json(&record)?;
            if output == Format::Csv {
                return Ok((
                    answer_all(model, output, None, Box::new([Ok(request)].into_iter())).await?,
                    output,
                ));
            }
            let answer = Predictions::new(model).answer(&request).await?;
            Ok((serde_json::to_vec(&answer).map_err(|_| ApiError::Internal)?, output))
        }
        Err(_) if lines(body).nth(1).is_some() && lines(body).any(is_object) => {
            // The records came one on each line, so the answers do as well.
            let output = if output == Format::Json { Format::JsonLines } else { output };
            Ok((json_lines(model, output, body).await?, output))
        }
        Err(error) => {
            Err(InvalidRequest::not_json(body, &error).with_example(PredictRequest::EXAMPLE).into())
        }
    }
}

/// Answers a body with a JSON object on each line.
pub(super) async fn json_lines(model: &Model, output: Format, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let requests = Box::new(lines(body).map(PredictRequest::from_body));
    answer_all(model, output, None, requests).await
}

/// Answers a body with a CSV record on each line: `userId,movieId` unless a header names other columns. If the records
/// have a header, the answers have one as well.
pub(super) async fn csv(model: &Model, output: Format, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let blank = lines(body).take_while(|line| line.trim_ascii().is_empty()).count();
    let first = lines(body).nth(blank).unwrap_or_default();
    let header = Columns::of_first_line(first, model.catalogue())?;
    let mut columns = header.unwrap_or(Columns::BY_POSITION);
    let requests = lines(body).skip(header.map_or(0, |_| blank + 1));
    let requests = Box::new(requests.map(move |line| columns.request(line)));
    answer_all(model, output, header.map(|_| COLUMNS), requests).await
}

/// The answers to all requests, in one body.
async fn answer_all(
    model: &Model,
    output: Format,
    header: Option<[&str; 7]>,
    mut requests: Requests<'_>,
) -> Result<Vec<u8>, ApiError> {
    let mut predictions = Predictions::new(model);
    let mut answers = Answers::new(output, header)?;
    loop {
        let group: Vec<Request> = requests.by_ref().take(LOOKED_UP_TOGETHER).collect();
        if group.is_empty() {
            return answers.finish();
        }
        let valid: Vec<PredictRequest> = group.iter().flatten().cloned().collect();
        let mut predicted = predictions.answer_all(&valid).await.into_iter();
        for request in group {
            let answer = match request {
                Ok(_) => predicted.next().map_or(Err(ApiError::Internal), |answer| Ok(answer?)),
                Err(error) => Err(error.into()),
            };
            answers.write(answer.into())?;
        }
    }
}

/// Answers in one body.
enum Answers {
    /// As JSON, with these texts between two and after the last.
    Json { bytes: Vec<u8>, between: Option<&'static str>, next: &'static str, last: &'static str },
    /// As CSV.
    Csv(Box<csv::Writer<Vec<u8>>>),
}

impl Answers {
    fn new(output: Format, header: Option<[&str; 7]>) -> Result<Self, ApiError> {
        Ok(match output {
            Format::Json => Self::Json { bytes: b"[".to_vec(), between: None, next: ",", last: "]" },
            Format::JsonLines => Self::Json { bytes: Vec::new(), between: None, next: "\n", last: "" },
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(Vec::new());
                if let Some(header) = header {
                    writer.write_record(header).map_err(|_| ApiError::Internal)?;
                }
                Self::Csv(Box::new(writer))
            }
        })
    }

    fn write(&mut self, answer: BatchEntry) -> Result<(), ApiError> {
        match self {
            Self::Json { bytes, between, next, .. } => {
                bytes.extend_from_slice(between.replace(next).unwrap_or_default().as_bytes());
                serde_json::to_writer(bytes, &answer).map_err(|_| ApiError::Internal)
            }
            Self::Csv(writer) => write_record(writer, answer).map_err(|_| ApiError::Internal),
        }
    }

    /// There is no line break after the last answer in CSV, because a batch transform inserts one between its parts.
    fn finish(self) -> Result<Vec<u8>, ApiError> {
        match self {
            Self::Json { mut bytes, last, .. } => {
                bytes.extend_from_slice(last.as_bytes());
                Ok(bytes)
            }
            Self::Csv(writer) => {
                let mut bytes = writer.into_inner().map_err(|_| ApiError::Internal)?;
                bytes.pop();
                Ok(bytes)
            }
        }
    }
}

fn write_record(writer: &mut csv::Writer<Vec<u8>>, answer: BatchEntry) -> csv::Result<()> {
    match answer {
        BatchEntry::Answer(answer) => writer.write_record([
            &format!("{:.1}", answer.predicted_rating),
            &answer.movie_title,
            &answer.score.to_string(),
            &answer.known_user.to_string(),
            &answer.known_movie.to_string(),
            &answer.model_version,
            "",
        ]),
        BatchEntry::Error { error: BatchError { code, message } } => {
            writer.write_record(["", "", "", "", "", "", &format!("{code}: {message}")])
        }
    }
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
