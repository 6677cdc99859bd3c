// The code that the page offers for copying: a whole page that works wherever it is pasted.

/**
 * @param {string} model
 * @param {string} library absolute address of pytrain.js
 */
export function snippet(model, library) {
  return `<script src="${library}"></script>
<video id="video" autoplay muted playsinline></video>
<p id="answer"></p>
<script type="module">
  const video = document.querySelector('#video');
  video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
  const classifier = await pytrain.imageClassifier(${JSON.stringify(model)});
  classifier.classifyStart(video, (results) => {
    document.querySelector('#answer').textContent = results.answer;
  });
</script>
`;
}
