namespace XLLM.Silo.Tokenization.Formats;

/// <summary>Reads tokenizer.json's <c>post_processor</c>: the tokens around one text. Pairs of texts are not served.</summary>
internal static class PostProcessorReader
{
    /// <exception cref="TokenizerException">The processor is of an unsupported type or damaged.</exception>
    public static TokenFrame Read(JsonField? field)
    {
        if (field is not { } processor)
        {
            return TokenFrame.None;
        }

        var type = processor.Get("type");
        switch (type.AsString())
        {
            case "Sequence":
                return processor.Get("processors").Items().Aggregate(TokenFrame.None, (frame, part) => frame.Within(Read(part)));
            case "ByteLevel":
                // Concerns offsets alone.
                return TokenFrame.None;
            case "TemplateProcessing":
                return ReadTemplate(processor);
            case "BertProcessing" or "RobertaProcessing":
                return new([ReadPair(processor.Get("cls"))], [ReadPair(processor.Get("sep"))]);
            default:
                throw type.Fault($"the post-processor {type.AsString()} is not supported");
        }
    }

    private static TokenFrame ReadTemplate(JsonField processor)
    {
        var before = new List<int>();
        var after = new List<int>();
        var seen = false;
        foreach (var part in processor.Get("single").Items())
        {
            if (part.TryGet("Sequence") is not null)
            {
                seen = seen ? throw part.Fault("the text stands twice in the template") : true;
                continue;
            }

            var id = part.Get("SpecialToken").Get("id");
            var ids = processor.Get("special_tokens").Get(id.AsString()).Get("ids");
            (seen ? after : before).AddRange(ids.Items().Select(value => value.AsInteger()));
        }

        return seen ? new([.. before], [.. after]) : throw processor.Get("single").Fault("the template lacks the text");
    }

    /// <summary>A token as <c>["text", id]</c>.</summary>
    private static int ReadPair(JsonField field) =>
        field.Items().ToArray() is [_, var id] ? id.AsInteger() : throw field.Fault("must be a token's text and its id");
}
