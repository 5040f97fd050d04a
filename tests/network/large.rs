//! Bodies that are too large, or grow so when they are decompressed.

use crate::*;
use async_compression::{
    Level,
    tokio::write::{BrotliEncoder, GzipEncoder, ZstdEncoder},
};
use tokio::io::{AsyncWrite, AsyncWriteExt};

#[tokio::test]
async fn a_body_over_the_limit_is_refused_declared_or_not() {
    let declared = vec![head("200 OK", &["Content-Length: 5000000"]), Step::Hang];
    let endless = vec![
        head("200 OK", &[]),
        Step::Forever(vec![b'x'; 64 * 1024], Duration::ZERO),
    ];
    let chunk = [b"10000\r\n".to_vec(), vec![b'x'; 0x10000], b"\r\n".to_vec()].concat();
    let chunked = vec![
        head("200 OK", &["Transfer-Encoding: chunked"]),
        Step::Forever(chunk, Duration::ZERO),
    ];
    for script in [declared, endless, chunked] {
        let server = Faulty::always(script).await;
        let bed = Bed::at(&server.url)
            .limits(|limits| (limits.body_bytes_max, limits.tries_max) = (1_000_000, 3));
        let error = bed.error(&server.url).await;
        assert_eq!(
            (error.kind, bed.left(), server.requests().len()),
            (Kind::TooLarge, 0, 1),
            "{error}"
        );
        assert!(error.to_string().contains("body_bytes_max"), "{error}");
    }
}

/// Writes bytes so many times into an encoder.
async fn fill<E: AsyncWrite + Unpin>(mut encoder: E, bytes: &[u8], times: usize) -> E {
    for _ in 0..times {
        encoder.write_all(bytes).await.unwrap();
    }
    encoder.shutdown().await.unwrap();
    encoder
}

async fn gzip(bytes: &[u8], times: usize) -> Vec<u8> {
    fill(GzipEncoder::new(Vec::new()), bytes, times)
        .await
        .into_inner()
}

async fn brotli(bytes: &[u8], times: usize) -> Vec<u8> {
    let quality = Level::Precise(4);
    fill(
        BrotliEncoder::with_quality(Vec::new(), quality),
        bytes,
        times,
    )
    .await
    .into_inner()
}

async fn zstd(bytes: &[u8], times: usize) -> Vec<u8> {
    fill(ZstdEncoder::new(Vec::new()), bytes, times)
        .await
        .into_inner()
}

#[tokio::test]
async fn each_coding_is_decoded_once() {
    let body = "資料集 ".repeat(10_000);
    let parts = [
        gzip(&body.as_bytes()[..100], 1).await,
        gzip(&body.as_bytes()[100..], 1).await,
    ]
    .concat();
    for (coding, coded) in [
        ("gzip", gzip(body.as_bytes(), 1).await),
        ("X-GZIP", parts),
        ("br", brotli(body.as_bytes(), 1).await),
        ("zstd", zstd(body.as_bytes(), 1).await),
        ("identity", body.clone().into_bytes()),
    ] {
        let server = Faulty::always(answer(
            "200 OK",
            &[&format!("Content-Encoding: {coding}")],
            &coded,
        ))
        .await;
        let bed = Bed::at(&server.url);
        let spooled = bed.get(&server.url).await.unwrap();
        assert!(text(&spooled) == body && spooled.framed, "{coding}");
        assert_eq!(spooled.hash, *blake3::hash(body.as_bytes()).as_bytes());
    }
    let empty = Faulty::always(answer("200 OK", &["Content-Encoding: gzip"], "")).await;
    assert_eq!(Bed::at(&empty.url).get(&empty.url).await.unwrap().bytes, 0);
}

#[tokio::test]
async fn a_bomb_is_stopped_by_its_ratio_before_its_size() {
    let zeros = vec![b'0'; 1_000_000];
    for (coding, coded) in [
        ("gzip", gzip(&zeros, 100).await),
        ("br", brotli(&zeros, 100).await),
        ("zstd", zstd(&zeros, 100).await),
    ] {
        let server = Faulty::always(answer(
            "200 OK",
            &[&format!("Content-Encoding: {coding}")],
            &coded,
        ))
        .await;
        let bed = Bed::at(&server.url);
        let error = bed.error(&server.url).await;
        assert_eq!((error.kind, bed.left()), (Kind::TooLarge, 0), "{coding}");
        assert!(error.to_string().contains("when decompressed"), "{error}");
    }
}

#[tokio::test]
async fn a_compressed_body_counts_as_it_decompresses() {
    let body: Vec<u8> = (0..400_000_u32)
        .flat_map(|n| format!("{n},").into_bytes())
        .collect();
    let server = Faulty::always(answer(
        "200 OK",
        &["Content-Encoding: gzip"],
        gzip(&body, 1).await,
    ))
    .await;
    let bed = Bed::at(&server.url).limits(|limits| limits.body_bytes_max = 2_000_000);
    let error = bed.error(&server.url).await;
    assert_eq!((error.kind, bed.left()), (Kind::TooLarge, 0), "{error}");
}

#[tokio::test]
async fn a_compressed_body_of_nothing_without_end_is_stopped() {
    let empty_block = [0, 0, 0, 0xff, 0xff].repeat(20_000);
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3].to_vec();
    let script = vec![
        head("200 OK", &["Content-Encoding: gzip"]),
        Step::Send(header),
        Step::Forever(empty_block, Duration::ZERO),
    ];
    let server = Faulty::always(script).await;
    let bed = Bed::at(&server.url).limits(|limits| limits.body_bytes_max = 2_000_000);
    assert_eq!(bed.error(&server.url).await.kind, Kind::TooLarge);
}

#[tokio::test]
async fn broken_compression_is_an_error() {
    let whole = gzip("text ".repeat(1000).as_bytes(), 1).await;
    let flipped: Vec<u8> = whole
        .iter()
        .enumerate()
        .map(|(at, byte)| if at == whole.len() - 5 { !byte } else { *byte })
        .collect();
    let cases = [
        ("gzip", b"not compressed".to_vec(), Kind::Protocol),
        ("gzip", flipped, Kind::Protocol),
        ("gzip", whole[..whole.len() - 9].to_vec(), Kind::Truncated),
        (
            "br",
            [brotli(b"text", 1).await, b"and more".to_vec()].concat(),
            Kind::Protocol,
        ),
        ("gzip, gzip", whole.clone(), Kind::Protocol),
        ("br, gzip", whole.clone(), Kind::Protocol),
        ("deflate", whole.clone(), Kind::Protocol),
    ];
    for (coding, body, kind) in cases {
        let server = Faulty::always(answer(
            "200 OK",
            &[&format!("Content-Encoding: {coding}")],
            &body,
        ))
        .await;
        let bed = Bed::at(&server.url);
        let error = bed.error(&server.url).await;
        assert_eq!((error.kind, bed.left()), (kind, 0), "{coding}: {error}");
    }
}

/// The highest resident size of this process so far, in bytes, where the system tells.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

#[tokio::test]
async fn memory_stays_flat_whatever_the_size() {
    const MEGABYTE: usize = 1024 * 1024;
    // The peak is that of a whole process: a child that runs nothing else looks at it.
    if std::env::var_os("HARVESTD_TEST_ALONE").is_none() {
        let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "large::memory_stays_flat_whatever_the_size"]);
        child.args(["--nocapture"]).env("HARVESTD_TEST_ALONE", "1");
        let ended = child.output().await.unwrap();
        let told = String::from_utf8_lossy(&ended.stdout).into_owned();
        let error = String::from_utf8_lossy(&ended.stderr).into_owned();
        print!("{told}");
        assert!(
            ended.status.success() && told.contains("1 passed"),
            "{told}{error}"
        );
        return;
    }
    let server = Faulty::always(vec![
        head("200 OK", &["Content-Length: 209715200"]),
        Step::Times(200, vec![b'x'; MEGABYTE]),
    ])
    .await;
    let Some(before) = peak_bytes() else {
        println!("SKIPPED: no /proc/self/status to read the peak of memory from");
        return;
    };
    let bed = Bed::at(&server.url);
    let spooled = bed.get(&server.url).await.unwrap();
    assert_eq!(spooled.bytes, 200 * MEGABYTE as u64);
    let grown = peak_bytes().unwrap().saturating_sub(before);
    assert!(grown < 64 * MEGABYTE as u64, "grew by {grown} bytes");
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_named() {
    let server = Faulty::always(ok("body")).await;
    let bed = Bed::at(&server.url);
    let missing = bed.dir.path().join("missing");
    let request = Request::get(server.url.clone(), "*/*");
    let error = bed
        .network
        .ask(&bed.source, &request, None, &missing)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Disk);
    assert!(
        error.to_string().contains(&missing.display().to_string()),
        "{error}"
    );
}
