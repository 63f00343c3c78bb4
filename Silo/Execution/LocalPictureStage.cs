using XLLM.NativeBackends.Ops;
using XLLM.Silo.Diagnostics;
using XLLM.Silo.Models;
using XLLM.Silo.Sequences;
using XLLM.Silo.Vision;

namespace XLLM.Silo.Execution;

/// <summary>Encodes pictures with the model's own encoder, on the executor's thread, and keeps the results by content.</summary>
/// <remarks>A picture's rows depend on its pixels alone (decision D2), so a kept result is the same bits as a new one, for any sequence and any prompt.</remarks>
/// <param name="encoder">The model's.</param>
/// <param name="ops">Operations of the backend that has its weights.</param>
/// <param name="processor">Files to pixels, where they are not there yet.</param>
/// <param name="processed">Pixels that the prompt's encoder has made in this silo.</param>
/// <param name="encoded">Results so far.</param>
/// <param name="metrics">Told of hits, misses and durations.</param>
/// <param name="clock">Measures.</param>
internal sealed class LocalPictureStage(
    IPictureEncoder encoder, IOps ops, PictureProcessor processor, RecentlyUsed<PictureHash, ProcessedPicture> processed,
    RecentlyUsed<PictureHash, float[]> encoded, PictureMetrics metrics, TimeProvider clock) : IPictureStage
{
    /// <inheritdoc/>
    public int Columns => encoder.Columns;

    /// <inheritdoc/>
    public float[] Encode(SequencePictures pictures, int index)
    {
        var hash = PictureHash.FromKey(pictures.Pictures[index].Key);
        if (encoded.TryGet(hash, out var rows))
        {
            metrics.Found();
            return rows;
        }

        var started = clock.GetTimestamp();
        var picture = processed.TryTake(hash, out var ready) ? ready : Process(pictures, index, hash);
        ops.BeginStep();
        var result = encoder.Encode(picture.PixelValues, picture.Grid, ops);
        rows = new float[result.Rows * result.Columns];
        for (var row = 0; row < result.Rows; row++)
        {
            ops.ReadRow(result, row).CopyTo(rows.AsSpan(row * result.Columns));
        }

        encoded.Add(hash, rows);
        metrics.Encoded(clock.GetElapsedTime(started), result.Rows);
        return rows;
    }

    /// <summary>The key that came with a picture names a place in a cache that all callers share, so it is not taken on trust.</summary>
    private ProcessedPicture Process(SequencePictures pictures, int index, PictureHash hash)
    {
        var picture = processor.Process(pictures.Pictures[index].File);
        return picture.Hash == hash && picture.Grid == pictures.Places[index].Grid
            ? picture
            : throw new PictureException($"picture {index + 1} is {picture.Hash} of {picture.Grid.Height} x {picture.Grid.Width} patches, but came as {hash} of {pictures.Places[index].Grid.Height} x {pictures.Places[index].Grid.Width}");
    }
}
