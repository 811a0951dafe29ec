//! A bucket on a real S3-compatible server (`s3s` over a folder), on this machine, with a login; and what may go wrong with one.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::support::children;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use s3s::Body;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

pub(crate) const ACCESS_KEY: &str = "AKIATESTS";
pub(crate) const SECRET_KEY: &str = "a-secret-that-nobody-tells";

/// What the server does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// What it should.
    Serve,
    /// Says that this is forbidden.
    Forbid,
    /// Says nothing, ever.
    Hang,
}

/// What the server does with a method and a path.
type Rule = Arc<dyn Fn(&Method, &str) -> Answer + Send + Sync>;

/// A server with the bucket `lab`. It ends when this is dropped.
pub(crate) struct Bucket {
    runtime: Option<Runtime>,
    root: tempfile::TempDir,
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Bucket {
    pub(crate) fn new() -> Self {
        Self::with_rule(|_, _| Answer::Serve)
    }

    pub(crate) fn with_rule(rule: impl Fn(&Method, &str) -> Answer + Send + Sync + 'static) -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("lab")).unwrap();
        let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root.path()).unwrap());
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::default();
        runtime.spawn(serve(listener, service.build(), Arc::new(rule), Arc::clone(&asked)));
        Self { runtime: Some(runtime), root, address, asked }
    }

    /// Where an object of the bucket lies on the server's disk.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join("lab").join(name)
    }

    /// Gives a command the login and the address.
    pub(crate) fn environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ENDPOINT_URL", &self.address)
    }

    /// Methods and addresses that were asked for so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(listener: TcpListener, service: S3Service, rule: Rule, asked: Arc<Mutex<Vec<String>>>) {
    while let Ok((socket, _)) = listener.accept().await {
        let (service, rule, asked) = (service.clone(), Arc::clone(&rule), Arc::clone(&asked));
        let answer = service_fn(move |request: Request<Incoming>| {
            let (service, verdict) = (service.clone(), rule(request.method(), request.uri().path()));
            asked.lock().unwrap().push(format!("{} {}", request.method(), request.uri()));
            async move {
                Ok::<_, Infallible>(match verdict {
                    Answer::Serve => {
                        service.call(request.map(Body::from)).await.unwrap_or_else(|_| plain(StatusCode::BAD_REQUEST))
                    }
                    Answer::Forbid => plain(StatusCode::FORBIDDEN),
                    Answer::Hang => std::future::pending().await,
                })
            }
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), answer));
    }
}

fn plain(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Names of the records in a store whose artifacts are not all there, whole. `store`: a folder, or the bucket's on the server's disk.
pub(crate) fn unfounded(store: &Path) -> Vec<String> {
    let shard = |folder: &str, name: &str| store.join(folder).join(&name[..2]).join(name);
    let size = |path: &Path| std::fs::metadata(path).ok().map(|file| file.len());
    let records = children(&store.join("records/v1")).into_iter().flat_map(|folder| children(&folder));
    let mut bad = Vec::new();
    for record in records {
        let text = std::fs::read_to_string(&record).unwrap();
        let json: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        for output in json["outputs"].as_array().unwrap() {
            let name = output["blake3"].as_str().unwrap();
            let whole = if output["folder"] == true {
                let listing = std::fs::read_to_string(shard("folders", name)).unwrap_or_default();
                let files = listing.split_terminator('\0').filter_map(|line| line.strip_prefix("file "));
                let there = |line: &str| {
                    let (name, rest) = line.split_once(' ').unwrap();
                    let expected = rest.split(' ').next().unwrap().parse().ok();
                    size(&shard("files", name)) == expected
                };
                !listing.is_empty() && files.into_iter().all(there)
            } else {
                size(&shard("files", name)) == output["size"].as_u64()
            };
            if !whole {
                bad.push(json["stage"].as_str().unwrap().to_owned());
            }
        }
    }
    bad
}
