//! What is written as a string.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use super::scalar;
use crate::schema::Shape;

scalar! {
    str => Shape::String,
    String => Shape::String,
    char => Shape::text("char"),
    uuid::Uuid => Shape::text("uuid"),
    IpAddr => Shape::text("ip"),
    Ipv4Addr => Shape::text("ipv4"),
    Ipv6Addr => Shape::text("ipv6"),
    SocketAddr => Shape::text("socket-address"),
    SocketAddrV4 => Shape::text("socket-address-v4"),
    SocketAddrV6 => Shape::text("socket-address-v6"),
}
