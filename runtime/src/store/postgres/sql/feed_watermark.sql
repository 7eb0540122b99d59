select drawn, watermark from {schema}.feed_watermark()
