//! What is written as a string.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use super::scalar;
use crate::schema::{ColumnType, Shape};

scalar! {
    str: ColumnType::Text => Shape::String,
    String: ColumnType::Text => Shape::String,
    char: ColumnType::Text => Shape::text("char"),
    uuid::Uuid: ColumnType::Uuid => Shape::text("uuid"),
    IpAddr: ColumnType::Text => Shape::text("ip"),
    Ipv4Addr: ColumnType::Text => Shape::text("ipv4"),
    Ipv6Addr: ColumnType::Text => Shape::text("ipv6"),
    SocketAddr: ColumnType::Text => Shape::text("socket-address"),
    SocketAddrV4: ColumnType::Text => Shape::text("socket-address-v4"),
    SocketAddrV6: ColumnType::Text => Shape::text("socket-address-v6"),
}
