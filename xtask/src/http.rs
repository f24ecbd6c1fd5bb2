// SPDX-License-Identifier: MIT
//! Reading an HTTP/1.1 answer: its status, and its body by length, in chunks, or to the end of the connection.

use std::io::{self, BufRead, BufReader, Read};

/// How an answer's body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// After this many bytes.
    Length(u64),
    /// With the empty chunk.
    Chunked,
    /// With the connection.
    Close,
}

/// Status and framing of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) framing: Framing,
}

impl Head {
    /// Reads the head up to and with its empty line.
    pub(crate) fn read(reader: &mut impl BufRead) -> io::Result<Self> {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let status = line
            .strip_prefix("HTTP/1.")
            .and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
        let status = status.ok_or_else(|| invalid("the answer is not HTTP"))?;
        let mut framing = if status == 204 || status == 304 {
            Framing::Length(0)
        } else {
            Framing::Close
        };
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let field = line.trim_end().to_ascii_lowercase();
            if field.is_empty() {
                return Ok(Self { status, framing });
            } else if field == "transfer-encoding: chunked" {
                framing = Framing::Chunked;
            } else if let Some(length) = field.strip_prefix("content-length:") {
                let length = length
                    .trim()
                    .parse()
                    .map_err(|_| invalid("the answer's length is no number"))?;
                framing = Framing::Length(length);
            }
        }
    }
}

/// The body that follows a head.
pub(crate) fn body<R: BufRead + 'static>(reader: R, framing: Framing) -> Box<dyn BufRead> {
    match framing {
        Framing::Length(length) => Box::new(reader.take(length)),
        Framing::Chunked => Box::new(BufReader::new(Chunks {
            reader,
            left: 0,
            done: false,
        })),
        Framing::Close => Box::new(reader),
    }
}

struct Chunks<R> {
    reader: R,
    left: u64,
    done: bool,
}

impl<R: BufRead> Read for Chunks<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && !self.done {
            self.left = self.next_size()?;
            self.done = self.left == 0;
        }
        if self.done {
            return Ok(0);
        }
        let read = self.reader.by_ref().take(self.left).read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        if self.left == 0 {
            self.reader.read_line(&mut String::new())?;
        }
        Ok(read)
    }
}

impl<R: BufRead> Chunks<R> {
    fn next_size(&mut self) -> io::Result<u64> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let size = line.split(';').next().unwrap_or_default().trim();
        u64::from_str_radix(size, 16).map_err(|_| invalid("a chunk's size is no number"))
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(answer: &'static str) -> io::Result<(u16, String)> {
        let mut reader = BufReader::new(answer.as_bytes());
        let head = Head::read(&mut reader)?;
        let mut text = String::new();
        body(reader, head.framing).read_to_string(&mut text)?;
        Ok((head.status, text))
    }

    #[test]
    fn broken_answers_are_errors() {
        assert!(read("").is_err());
        assert!(read("SSH-2.0-x\r\n\r\n").is_err());
        assert!(read("HTTP/1.1 200 OK\r\nServer: x").is_err());
        assert!(read("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n").is_err());
        assert!(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbo").is_err());
        assert!(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nbody").is_err());
    }

    #[test]
    fn bodies_end_where_their_framing_says() {
        assert_eq!(
            read("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbodyrest").unwrap(),
            (200, "body".to_owned())
        );
        assert_eq!(
            read("HTTP/1.1 404 No\r\n\r\nall of it").unwrap(),
            (404, "all of it".to_owned())
        );
        assert_eq!(
            read("HTTP/1.1 204 No Content\r\n\r\n").unwrap(),
            (204, String::new())
        );
        let chunked =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbod\r\n1;x=y\r\ny\r\n0\r\n\r\nrest";
        assert_eq!(read(chunked).unwrap(), (200, "body".to_owned()));
    }
}
