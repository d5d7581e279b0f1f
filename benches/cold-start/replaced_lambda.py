"""The Lambda that Matinee replaces, in a few lines: pandas and boto3, movies.csv from S3 at every call, and a rating from a
SageMaker endpoint. The loop at the end does what Lambda's Python runtime does: get an event, call the handler, send the answer."""

import io
import json
import os
import urllib.request

import boto3
import pandas

s3 = boto3.client("s3")
runtime = boto3.client("sagemaker-runtime")


def handler(event, context):
    body = json.loads(event["body"])
    movies = pandas.read_csv(io.BytesIO(s3.get_object(Bucket=os.environ["BUCKET"], Key="data/movies.csv")["Body"].read()))
    answer = runtime.invoke_endpoint(
        EndpointName=os.environ["ENDPOINT_NAME"], ContentType="application/json", Body=json.dumps(body)
    )
    title = movies.loc[movies["movieId"] == int(body["movieId"]), "title"].iloc[0]
    rating = json.loads(answer["Body"].read())["predicted_rating"]
    return {"statusCode": 200, "body": json.dumps({"predicted_rating": rating, "movie_title": title})}


if __name__ == "__main__":
    api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
    while True:
        with urllib.request.urlopen(f"{api}/next") as event:
            request_id = event.headers["Lambda-Runtime-Aws-Request-Id"]
            answer = handler(json.load(event), None)
        urllib.request.urlopen(f"{api}/{request_id}/response", json.dumps(answer).encode())
