using System.Diagnostics;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Hosting;

/// <summary>Shows how loading goes: a line that rewrites itself on a terminal, a line per quarter elsewhere.</summary>
internal sealed class LoadConsole(string model, TextWriter output, bool isTerminal, IProgress<LoadProgress>? also = null) : IProgress<LoadProgress>
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private int _shown = -1;

    /// <inheritdoc/>
    public void Report(LoadProgress value)
    {
        also?.Report(value);
        if (value is not { TotalTensors: { } tensors, TotalBytes: > 0 and var bytes })
        {
            return;     // random weights: made on demand, no end known
        }

        var percent = (int)(100 * value.Bytes / bytes);
        var step = isTerminal ? percent : percent / 25 * 25;
        if (step == _shown)
        {
            return;
        }

        _shown = step;
        var text = $"loading {model}: {step,3} %  {value.Tensors}/{tensors} tensors, {value.Bytes / 1e6:F0}/{bytes / 1e6:F0} MB";
        if (isTerminal)
        {
            output.Write($"\r{text}{(percent == 100 ? "\n" : "")}");
        }
        else
        {
            output.WriteLine(text);
        }
    }

    /// <summary>Says what was loaded and how long it took.</summary>
    public void Done(string what) => output.WriteLine($"loaded  {model}: {what}, in {Stopwatch.GetElapsedTime(_started).TotalSeconds:F2} s");
}
