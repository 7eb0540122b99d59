select drawn, watermark, head from {schema}.feed_watermark()
