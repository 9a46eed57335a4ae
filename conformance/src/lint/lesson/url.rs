let token = glimesh_proto::connect::encode_query_value(token);
let url = format!("wss://glimesh.tv/api/graph/websocket?vsn=2.0.0&token={token}");
