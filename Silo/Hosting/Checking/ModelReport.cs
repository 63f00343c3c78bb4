using System.Globalization;
using System.Text;
using XLLM.Silo.Execution;
using XLLM.Silo.KvCache;
using XLLM.Silo.Models;

namespace XLLM.Silo.Hosting.Checking;

/// <summary>The report of <c>--check-model</c>: what would be served, what it needs, what is wrong. Reads headers and text files, no weights.</summary>
internal static class ModelReport
{
    /// <summary>Writes the report.</summary>
    /// <param name="path">A folder, a GGUF file, or a config.json alone.</param>
    /// <param name="options">How it would be served.</param>
    /// <param name="availableBytes">Memory that there is.</param>
    /// <param name="clock">Answers a template's question for the time.</param>
    /// <param name="output">Takes the report.</param>
    /// <returns>Whether it can be served: there is no fault.</returns>
    public static bool Write(string path, SiloOptions options, long availableBytes, TimeProvider clock, TextWriter output)
    {
        var isConfig = File.Exists(path) && path.EndsWith(".json", StringComparison.OrdinalIgnoreCase);
        var model = ModelSurvey.Run(path, HostedModelLoader.LoadOptionsOf(options));
        var text = isConfig || options.LoadFormat == "dummy" ? null : TextSurvey.Run(path, model.Info, clock);
        var faults = model.Faults.Concat(text?.Faults ?? []).ToList();
        var notes = new List<string>(text?.Notes ?? []);

        Line(output, "model", path);
        if (model.Info is { } info)
        {
            Line(output, "architecture", $"{info.Architecture}{(info.ModelType.Length > 0 ? $" ({info.ModelType})" : string.Empty)}");
            Line(output, "parameters", string.Create(CultureInfo.InvariantCulture, $"{info.Parameters:N0} in {model.Tensors} tensors{(model.HasWeights ? string.Empty : " (no weights at hand: told from the configuration)")}"));
            Line(output, "context", $"{info.ContextLength} tokens");
            Line(output, "vocabulary", $"{info.VocabularySize} tokens; end tokens: {(info.EosTokenIds.Count > 0 ? string.Join(", ", info.EosTokenIds) : "none")}");
            Line(output, "weights", string.Join(", ", model.Formats.Select(format => $"{format.Value.Matrices} matrices {format.Key} ({Size(format.Value.Bytes)})")));
            WriteMemory(output, info, model.KvLayout!, options, availableBytes, notes);
            Line(output, "draft", Draft(model));
        }

        if (text is not null)
        {
            Line(output, "tokenizer", text.Tokenizer ?? "none that can be read");
            Line(output, "chat template", text.Template);
            WriteFormats(output, text.TemplateSource, options, faults);
        }

        foreach (var note in notes)
        {
            Line(output, "note", note);
        }

        foreach (var fault in faults)
        {
            Line(output, "FAULT", fault.ReplaceLineEndings(" "));
        }

        Line(output, "verdict", faults.Count == 0 ? "can be served" : string.Create(CultureInfo.InvariantCulture, $"cannot be served: {faults.Count} fault{(faults.Count == 1 ? string.Empty : "s")}"));
        return faults.Count == 0;
    }

    private static void WriteMemory(TextWriter output, ModelInfo info, KvLayout layout, SiloOptions options, long availableBytes, List<string> notes)
    {
        var geometry = new KvGeometry(layout, options.Engine.KvType.ElementType(), options.Engine.BlockTokens);

        // Each group lends blocks of its own, all of one size.
        var perToken = (double)geometry.BytesPerBlock * layout.Groups.Count / options.Engine.BlockTokens;
        var context = Math.Min(options.Engine.MaxContext ?? int.MaxValue, info.ContextLength);
        Line(output, "memory", $"weights {Size(info.WeightBytes)}; keys and values {Size((long)perToken)} a token, {Size((long)(1000 * perToken))} for 1,000 tokens of context, {Size((long)(context * perToken))} for one sequence of {context} ({options.Engine.KvType}, blocks of {options.Engine.BlockTokens} tokens; backend {options.Backend})");
        if (info.WeightBytes > availableBytes)
        {
            notes.Add($"memory: the weights take {Size(info.WeightBytes)}, {Size(availableBytes)} are available; they would be read from disk again and again");
        }
        else if (info.WeightBytes + (256 * perToken) > availableBytes)
        {
            notes.Add($"memory: weights and a context of 256 tokens take {Size(info.WeightBytes + (long)(256 * perToken))}, {Size(availableBytes)} are available");
        }
    }

    private static string Draft(ModelSurvey model) => model.Config?.OptionalInteger("num_nextn_predict_layers", 0, 64) is > 0 and var layers
        ? DraftRegistry.Architectures.Contains(model.Info!.Architecture)
            ? $"{layers} multi-token-prediction layer{(layers == 1 ? string.Empty : "s")} by config.json"
            : $"{layers} multi-token-prediction layers by config.json, not supported for {model.Info.Architecture}"
        : "none";

    private static void WriteFormats(TextWriter output, string template, SiloOptions options, List<string> faults)
    {
        try
        {
            var format = ChatFormat.Choose(template, options.ToolCallParser, options.ReasoningParser);
            Line(output, "tool calls", Why(format.ToolCalls, options.ToolCallParser, ChatFormat.ToolCallMarksOf(template)));
            Line(output, "reasoning", Why(format.Reasoning, options.ReasoningParser, ChatFormat.ReasoningMarksOf(template)));
        }
        catch (StartException e)
        {
            faults.Add(e.Message);
        }
    }

    private static string Why(string? chosen, string option, IReadOnlyList<string> marks)
    {
        if (option.Length > 0)
        {
            return $"{chosen ?? "none"}, by option";
        }

        return chosen is null ? "none: the template has no mark of a known syntax" : $"{chosen}: the template has {string.Join(" and ", marks.Select(mark => $"\"{mark}\""))}";
    }

    private static string Size(long bytes) => bytes switch
    {
        < 10_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes:N0} bytes"),
        < 10L << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:N1} KiB"),
        < 10L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:N1} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1073741824.0:N1} GiB"),
    };

    private static void Line(TextWriter output, string name, string value) => output.WriteLine(new StringBuilder(name.PadRight(14)).Append(value).ToString());
}
